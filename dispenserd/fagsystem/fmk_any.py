"""FMK's dosage in whichever of its three encodings: JSON, or XML of 1.4.6 or of 1.6.0.

It knows how they are told apart. `read_dosage` calls it for a file, `order` for what a FHIR order carries.
"""

from __future__ import annotations

from dispenserd.fagsystem import fmk_146, fmk_160, fmk_json
from dispenserd.fagsystem.fhir import parse_json
from dispenserd.fagsystem.parts import Imported
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.xml_tree import Node, parse

BYTES_MAX = 256 * 1024
"""FMK's longest legal dosage takes 200 kB; a file of this size is read or refused in some milliseconds."""

PARTS_MAX = 8_000
"""Of JSON: a year of unequal days, each with its doses, has 6 000."""

XML_ROOTS = frozenset({"Dosage", "DosageForRequest", "DosageForResponse"})
XML_160 = frozenset({"DosagePeriod", "Precondition", "Parameter", "IsSelfAdministration"})
SPACES_160 = ("http://fmk-teknik.dk/160",)


def read_fmk(text: str) -> Imported:
    """The dosage; Refused where nothing of it is understood."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > BYTES_MAX:
        raise Refused(Reason.TOO_LARGE, "")
    if looks_like_xml(raw):
        return of_tree(parse(raw))
    plain = parse_json(raw, "", nulls=True, bytes_max=BYTES_MAX, parts_max=PARTS_MAX)
    if not (isinstance(plain, dict) and plain.keys() & fmk_json.ROOT_KEYS):
        raise Refused(Reason.FORMAT_UNKNOWN, "")
    return fmk_json.read(plain)


def looks_like_xml(raw: bytes) -> bool:
    start = raw[:64].removeprefix(b"\xef\xbb\xbf").replace(b"\x00", b"").lstrip(b"\xff\xfe \t\r\n")
    return start.startswith(b"<")


def of_tree(root: Node) -> Imported:
    if root.name not in XML_ROOTS:
        raise Refused(Reason.FORMAT_UNKNOWN, root.path)
    newer = root.space in SPACES_160 or any(child.name in XML_160 for child in root.children)
    return fmk_160.read(root) if newer else fmk_146.read(root)
