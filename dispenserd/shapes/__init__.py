"""What every command with `--json` prints, written down as types: the contract with scripts and integrators.

One module an idea; each ends in `SCHEMAS`, which says under which name a shape is published. The rooms that
build an object declare it as their return type, so a forgotten field is a type error; tests hold what real
commands print against the schema made from these types. Types only: nothing here is imported while a command
runs. To publish one more: a TypedDict with a sentence under each field, and its line in `SCHEMAS`.
"""
