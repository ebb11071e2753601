"""The few FHIR R4 shapes we read, and the JSON under them.

It knows elements and types. It does not know what they mean for a dose: `mapping` does. Every element that
can change what is given is declared here; one that is not declared is refused, with its path, because a
reader that skips it would skip a "do not" too. The profile in words: docs/fagsystem.md.

Three kinds of declared elements: read (typed), refused by `mapping` with a reason of their own (`Refused`),
and harmless (`Harmless`: nothing in them changes the medicine, so nothing in them is looked at).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from dispenserd.fagsystem.reasons import Reason, Refused

FILE_BYTES_MAX = 1024 * 1024
"""A card of 200 prescriptions takes 300 kB; more is no card, and would hold up a small computer."""

PARTS_MAX = 100_000
"""Of JSON, by its commas and brackets: 200 long prescriptions have half. Half a million parts fit into the
bytes of a card, and each that is wrong costs as much as a hundred bytes."""

ELEMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
"""What a path may show of a name that somebody else chose: FHIR's names fit, numbers of persons don't."""

MODIFIERS = frozenset({"modifierExtension", "implicitRules", "_implicitRules"})


Harmless = Any
Unsupported = Any
"""Declared only so that its refusal says why."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9\-.]{1,64}$")]
Number = int | Decimal


class Element(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class Meta(Element):
    """Without `tag` and `security`: SUBSETTED and HTEST are tags, and both change what a reader may do."""

    versionId: Harmless = None
    lastUpdated: Harmless = None
    source: Harmless = None
    profile: Harmless = None


class Narrative(Element):
    """`additional` and `extensions` say more than the structure does."""

    status: Literal["generated", "empty"]
    div: Harmless


class Resource(Element):
    id: Id | None = None
    meta: Meta | None = None
    language: Harmless = None
    text: Narrative | None = None


class Identifier(Element):
    use: Literal["usual", "official", "secondary"] | None = None
    type: Harmless = None
    system: Text | None = None
    value: Text | None = None
    assigner: Harmless = None


class Coding(Element):
    system: Text | None = None
    version: Harmless = None
    code: Text | None = None
    display: Harmless = None
    userSelected: Harmless = None


class CodeableConcept(Element):
    coding: list[Coding] = Field(default_factory=list)
    text: Text | None = None


class Reference(Element):
    reference: Text | None = None
    type: Text | None = None
    identifier: Identifier | None = None
    display: Harmless = None


class Quantity(Element):
    value: Number | None = None
    comparator: Unsupported = None
    unit: Text | None = None
    system: Text | None = None
    code: Text | None = None  # says again what the unit says, and must agree with it


class Ratio(Element):
    numerator: Quantity
    denominator: Quantity


class Period(Element):
    start: Text | None = None
    end: Text | None = None


class Repeat(Element):
    id: Harmless = None
    boundsPeriod: Period | None = None
    boundsDuration: Unsupported = None
    boundsRange: Unsupported = None
    count: Number | None = None
    countMax: Unsupported = None
    duration: Unsupported = None
    durationMax: Unsupported = None
    durationUnit: Unsupported = None
    frequency: Number | None = None
    frequencyMax: Unsupported = None
    period: Number | None = None
    periodMax: Unsupported = None
    periodUnit: Text | None = None
    dayOfWeek: list[Text] | None = None
    timeOfDay: list[Text] | None = None
    when: list[Text] | None = None
    offset: Unsupported = None


class Timing(Element):
    id: Harmless = None
    event: Unsupported = None
    repeat: Repeat | None = None
    code: CodeableConcept | None = None


class DoseAndRate(Element):
    id: Harmless = None
    type: Harmless = None  # ordered or calculated: the same tablet
    doseQuantity: Quantity | None = None
    doseRange: Unsupported = None
    rateRatio: Unsupported = None
    rateRange: Unsupported = None
    rateQuantity: Unsupported = None


class DosageInstruction(Element):
    id: Harmless = None
    sequence: int | None = None
    text: Unsupported = None
    additionalInstruction: Unsupported = None
    patientInstruction: Unsupported = None
    timing: Timing | None = None
    asNeededBoolean: bool | None = None
    asNeededCodeableConcept: CodeableConcept | None = None
    route: Unsupported = None
    site: Unsupported = None
    method: Unsupported = None
    doseAndRate: list[DoseAndRate] | None = None
    maxDosePerPeriod: Ratio | None = None
    maxDosePerAdministration: Unsupported = None
    maxDosePerLifetime: Unsupported = None


class Ingredient(Element):
    itemCodeableConcept: Harmless
    isActive: Literal[True] | None = None
    strength: Ratio | None = None


class Medication(Resource):
    resourceType: Literal["Medication"]
    identifier: Harmless = None
    code: CodeableConcept
    status: Text | None = None
    form: Harmless = None
    ingredient: list[Ingredient] = Field(default_factory=list)


class Patient(Resource):
    resourceType: Literal["Patient"]
    identifier: list[Identifier] = Field(default_factory=list)
    active: bool | None = None
    name: Harmless = None
    telecom: Harmless = None
    gender: Harmless = None
    birthDate: Harmless = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: Unsupported = None
    address: Harmless = None
    maritalStatus: Harmless = None
    communication: Harmless = None
    contact: Harmless = None
    generalPractitioner: Harmless = None
    managingOrganization: Harmless = None


class DispenseRequest(Element):
    """How much the pharmacy hands out, and how often. Without `validityPeriod`: that ends the order."""

    initialFill: Harmless = None
    dispenseInterval: Harmless = None
    numberOfRepeatsAllowed: Harmless = None
    quantity: Harmless = None
    expectedSupplyDuration: Harmless = None
    performer: Harmless = None


class MedicationRequest(Resource):
    resourceType: Literal["MedicationRequest"]
    id: Id
    extension: list[Any] = Field(default_factory=list)
    """`order` knows the one that is read, and refuses any other."""
    contained: list[Medication] = Field(default_factory=list)
    identifier: Harmless = None
    status: Text
    statusReason: Harmless = None
    intent: Text
    category: Harmless = None
    priority: Harmless = None
    doNotPerform: bool | None = None
    medicationReference: Reference | None = None
    medicationCodeableConcept: Unsupported = None
    subject: Reference
    encounter: Harmless = None
    authoredOn: Harmless = None
    requester: Harmless = None
    recorder: Harmless = None
    reasonCode: Harmless = None
    reasonReference: Harmless = None
    basedOn: Harmless = None
    instantiatesCanonical: Harmless = None
    instantiatesUri: Harmless = None
    insurance: Harmless = None
    eventHistory: Harmless = None
    dispenseRequest: DispenseRequest | None = None
    substitution: Harmless = None  # which brand the pharmacy may choose
    groupIdentifier: Harmless = None
    courseOfTherapyType: Harmless = None
    note: Unsupported = None
    dosageInstruction: list[Any] = Field(default_factory=list)
    """Each shaped on its own (`DosageInstruction`): one that is refused leaves the card its others."""
    priorPrescription: Harmless = None


class Entry(Element):
    fullUrl: Text | None = None
    resource: dict[str, Any]


class Bundle(Resource):
    resourceType: Literal["Bundle"]
    identifier: Identifier | None = None
    type: Literal["collection"]
    timestamp: Harmless = None
    entry: list[Entry] = Field(default_factory=list)


Shape = TypeVar("Shape", bound=Element)


def shaped(shape: type[Shape], plain: object, path: str) -> Shape:
    """`plain` as this shape, or Refused with the first fault; a modifier comes before every other."""
    try:
        return shape.model_validate(plain)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        worst = min(faults, key=lambda fault: not _is_modifier(fault["loc"]))
        raise Refused(_reason(worst["type"], worst["loc"]), element_path(path, worst["loc"])) from None


def must_have_no_modifier(plain: dict[str, Any], path: str, besides: str = "") -> None:
    """Refused with the first modifier anywhere in it, also in what is not looked at. `besides`: one element
    that is shaped on its own."""
    left: list[tuple[tuple[str | int, ...], object]] = [((), plain)]
    while left:
        steps, one = left.pop()
        if isinstance(one, dict):
            for name, value in one.items():
                if name in MODIFIERS:
                    raise Refused(Reason.MODIFIER_ELEMENT, element_path(path, (*steps, name)))
                if isinstance(value, dict | list) and (steps or name != besides):
                    left.append(((*steps, name), value))
        elif isinstance(one, list):
            left += [((*steps, n), each) for n, each in enumerate(one) if isinstance(each, dict | list)]


def element_path(path: str, steps: Sequence[str | int]) -> str:
    """FHIRPath-like: `Bundle.entry[3].resource.status`."""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step in ("int", "decimal"):  # which branch of `Number` failed, no element
            continue
        else:
            path += f".{step if ELEMENT_NAME.fullmatch(step) else '?'}"
    return path.removeprefix(".")  # a file whose root has no name


def _is_modifier(loc: Sequence[str | int]) -> bool:
    return bool(loc) and loc[-1] in MODIFIERS


def _reason(fault: str, loc: Sequence[str | int]) -> Reason:
    if _is_modifier(loc):
        return Reason.MODIFIER_ELEMENT
    return {"extra_forbidden": Reason.UNKNOWN_ELEMENT, "missing": Reason.MISSING_ELEMENT}.get(
        fault, Reason.WRONG_SHAPE
    )


def parse_json(
    raw: bytes, root: str, nulls: bool = False, bytes_max: int = FILE_BYTES_MAX, parts_max: int = PARTS_MAX
) -> object:
    """Strict JSON: UTF-8, decimals exact, no repeated key, no NaN, and no null unless `nulls`, which makes
    an object's null an absent element. Refused at `root` otherwise."""
    if len(raw) > bytes_max:
        raise Refused(Reason.TOO_LARGE, root)
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > parts_max:
        raise Refused(Reason.TOO_DEEP, root)

    def no_constant(_: str) -> NoReturn:
        raise Refused(Reason.NOT_A_NUMBER, root)

    def no_surprises(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        plain = dict(pairs)
        if len(plain) != len(pairs):
            raise Refused(Reason.DUPLICATE_KEY, root)
        if nulls:
            return {name: value for name, value in plain.items() if value is not None}
        if any(_has_null(value) for value in plain.values()):
            raise Refused(Reason.NULL_VALUE, root)
        return plain

    try:
        text = raw.decode("utf-8-sig")
        return json.loads(
            text, parse_float=Decimal, parse_constant=no_constant, object_pairs_hook=no_surprises
        )
    except (ValueError, ArithmeticError, RecursionError):
        raise Refused(Reason.JSON_BROKEN, root) from None


def _has_null(value: object) -> bool:
    return value is None or (isinstance(value, list) and any(item is None for item in value))
