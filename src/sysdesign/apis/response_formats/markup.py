"""XML 1.0: read by lxml, held to invoice.xsd, and mapped to the resource field by field.

An invoice's fields are elements in any order; a line's are attributes and the element's text. There is no general way between XML and
the values of JSON: attributes, namespaces and mixed content have no twin there, and one element does not tell whether it stands alone
or is the first of many. So the mapping is written down for this resource, and refuses what it has no place for.

Attacks by entities, external ones included, need a document type declaration, and no invoice needs one. A second parser looks at the
beginning of each document first and ends at the first word of a declaration: nothing is declared, let alone expanded or fetched.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from .invoices import Invoice, document_of, invoice_of
from .problems import Problem

SCHEMA = Path(__file__).with_name("invoice.xsd")
NAMESPACE = "{urn:sysdesign:invoice}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
PREFIXES = {None: NAMESPACE[1:-1], "xsi": NIL[1:-4]}
PROBLEM = "{urn:ietf:rfc:7807}"

FIELDS = {
    "invoice": {NAMESPACE + name for name in ("number", "customer", "issued", "due", "note", "tags", "lines")},
    "tags": {f"{NAMESPACE}tag"},
    "lines": {f"{NAMESPACE}line"},
}
"""The children that we know, of each element that has children."""

HARDENED: dict[str, Any] = {
    "encoding": "utf-8",
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "huge_tree": False,  # elements are nested 256 deep at most
    "remove_comments": True,  # a text with a comment in it is one text: nobody may read it up to the comment
    "remove_pis": True,
}


class Prolog:
    """Looks through all that stands before the first element; it is given the bytes that lxml gets, in any pieces, before lxml."""

    def __init__(self) -> None:
        self._over = False
        self._parser = expat.ParserCreate("utf-8")
        self._parser.XmlDeclHandler = _declared
        self._parser.StartDoctypeDeclHandler = _document_type
        self._parser.StartElementHandler = _first_element

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises Problem 400."""
        if self._over:
            return
        try:
            self._parser.Parse(data)
        except expat.ExpatError as malformed:
            raise Problem(400, f"This is not XML: {malformed}.") from malformed
        except _Over:
            self._over = True


class _Over(Exception):  # noqa: N818 - no error
    """The first element has begun."""


def _declared(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding and encoding.lower() not in ("utf-8", "us-ascii"):
        raise Problem(400, f"XML must be encoded in UTF-8, not in {encoding[:20]}.")


def _document_type(*_: Any) -> None:
    raise Problem(400, "A document type declaration is not allowed.")


def _first_element(*_: Any) -> None:
    raise _Over


def read(body: bytes) -> Invoice:
    """Read an invoice. Raises Problem 400 or 422."""
    return _invoice(parse(body))


def parse(body: bytes) -> Any:
    """Return the root element of a document that declares nothing. Raises Problem 400."""
    from lxml import etree

    Prolog().feed(body)
    try:
        return etree.fromstring(body, etree.XMLParser(**HARDENED))
    except etree.XMLSyntaxError as malformed:
        raise _refusal(malformed) from malformed


def stream(chunks: Iterable[bytes]) -> Iterator[Invoice]:
    """Read a document of any number of invoices, one after the other; only the one at hand is in memory. Raises Problem."""
    from lxml import etree

    prolog, parser = Prolog(), etree.XMLPullParser(["end"], tag=f"{NAMESPACE}invoice", **HARDENED)
    try:
        for chunk in chunks:
            prolog.feed(chunk)
            parser.feed(chunk)
            for _, element in parser.read_events():
                yield _invoice(element)
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
        parser.close()
    except etree.XMLSyntaxError as malformed:
        raise _refusal(malformed) from malformed


def _refusal(malformed: SyntaxError) -> Problem:
    return Problem(400, f"This is not XML: {malformed.msg}.")


def write(invoice: Invoice) -> bytes:
    """Write an invoice; without a declaration, since XML is UTF-8 if nothing else is said."""
    from lxml import etree

    root = etree.Element(f"{NAMESPACE}invoice", nsmap=PREFIXES)
    for name, value in document_of(invoice).items():
        element = etree.SubElement(root, NAMESPACE + name)
        if value is None:
            element.set(NIL, "true")
        elif name == "tags":
            for tag in value:
                etree.SubElement(element, f"{NAMESPACE}tag").text = tag
        elif name == "lines":
            for line in value:
                text = line.pop("description")
                attributes = {field: str(content) for field, content in line.items()}
                etree.SubElement(element, f"{NAMESPACE}line", attributes).text = text
        else:
            element.text = str(value)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=False)
    return written


def write_problem(members: dict[str, Any]) -> bytes:
    """Write why a request is refused (RFC 9457, appendix B)."""
    from lxml import etree

    root = etree.Element(f"{PROBLEM}problem", nsmap={None: PROBLEM[1:-1]})
    for name, value in members.items():
        # A reason may quote what was sent, and that may hold what XML cannot say.
        text = "".join(
            character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(value)
        )
        etree.SubElement(root, PROBLEM + name).text = text
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _invoice(root: Any) -> Invoice:
    """Map an element to an invoice: what is unknown is passed over, what is left must keep to the schema."""
    for name, known in FIELDS.items():
        for parent in list(root.iter(NAMESPACE + name)):
            for child in [child for child in parent if child.tag not in known]:
                parent.remove(child)
    schema, turn = _schema()
    with turn:  # a schema keeps its complaints in itself
        if not schema.validate(root):
            raise Problem(422, f"Line {schema.error_log[0].line}: {schema.error_log[0].message[:200]}")
    fields = {child.tag.removeprefix(NAMESPACE): child for child in root}
    return invoice_of({name: _value(name, element) for name, element in fields.items()})


def _value(name: str, element: Any) -> Any:
    if element.get(NIL, "").strip() in ("true", "1"):
        return None
    if name == "tags":
        return [tag.text for tag in element]
    if name == "lines":
        lines = [{**line.attrib, "description": line.text or ""} for line in element]
        return [{**line, "quantity": int(line["quantity"])} for line in lines]
    if name in ("number", "issued", "due"):  # white space around a number or a date is not part of it
        return int(element.text) if name == "number" else element.text.strip()
    return element.text or ""


@functools.cache
def _schema() -> tuple[Any, threading.Lock]:
    from lxml import etree

    return etree.XMLSchema(etree.parse(SCHEMA, etree.XMLParser(**HARDENED))), threading.Lock()
