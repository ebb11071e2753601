"""What payloads are made of: how an id, a code and a name are spelt, and the two models under all others."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from protocol.mqtt.topics import BOX_PATTERN

PERSON_CHARS_MAX = 80
REASON_CHARS_MAX = 200

Box = Annotated[str, Field(pattern=BOX_PATTERN, description="Id of the home's box.")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9/_.:-]{0,127}$")]
DoseId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{32}/[0-9]{4}-[0-9]{2}-[0-9]{2}/[a-z0-9_-]{1,32}/[0-9]{1,3}$")
]
RESIDENT_PATTERN = r"^[0-9a-f]{32}$"
ResidentKey = Annotated[str, Field(pattern=RESIDENT_PATTERN)]
SERIAL_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"
Serial = Annotated[str, Field(pattern=SERIAL_PATTERN)]
CODE_PATTERN = r"^[a-z0-9][a-z0-9_.:-]{0,63}$"
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
EventId = Annotated[str, Field(pattern=r"^[0-9]{1,18}-[0-9a-f]{64}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Signature = Annotated[str, Field(pattern=r"^([0-9a-f]{128})?$")]
Person = Annotated[str, Field(min_length=1, max_length=PERSON_CHARS_MAX)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Revision = Annotated[int, Field(ge=1, le=2**31)]


class Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_by_name=False)


class Signed(Payload):
    """By on-call; see `signatures`. Empty = not signed yet."""

    schema_: str = Field(alias="schema")
    signature: Signature = ""
    """Ed25519, 128 hexadecimal characters. A home does nothing for one that is missing or wrong."""
