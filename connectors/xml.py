"""XML from an untrusted server as plain data, the way JSON would have said it. No document types, entities or fetches.

It knows no vocabulary. An element with children becomes a mapping, or a list where its name says that it holds several
(`services` of `service`), where it says `is_array`, or where its children repeat a name; everything else is its text,
None where there is none.

Codes: empty_body, bad_xml, too_deep, too_large, html_instead_of_json.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connectors.errors import BadPayload

MAX_DEPTH = 60  # levels
MOST_TAGS = 1_000_000  # opening and closing ones: an element takes a hundred times the bytes of its tag


def parse_xml(body: bytes, *, lists: Mapping[str, str]) -> tuple[str, Any]:
    """The name of the root and its data. `lists` says which elements hold several of which, also when it is one.

    Raises BadPayload and nothing else, whatever the bytes are.
    """
    body = body.removeprefix(b"\xef\xbb\xbf").strip(b"\x00 \t\r\n")
    if not body:
        raise BadPayload("the answer is empty", code="empty_body")
    if body[:200].lower().startswith((b"<!doctype html", b"<html")):
        raise BadPayload("the answer is a web page instead of data", code="html_instead_of_json")
    if body.count(b"<") > MOST_TAGS:
        raise BadPayload("the answer has too many elements", code="too_large")
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise BadPayload("the answer defines document types or entities", code="bad_xml") from None
    except (ParseError, ValueError, LookupError, UnicodeError):
        raise BadPayload("the answer is not valid XML", code="bad_xml") from None
    name = _name(root)
    return name, _data(root, lists, depth=0)


def _data(element: Element, lists: Mapping[str, str], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise BadPayload("the answer is nested too deeply", code="too_deep")
    children = list(element)
    if not children:
        text = (element.text or "").strip()
        return [] if _name(element) in lists and not text else text or None
    names = [_name(child) for child in children]
    item = lists.get(_name(element))
    values = [_data(child, lists, depth + 1) for child in children]
    if item is not None or element.get("is_array") == "true":
        return [value for name, value in zip(names, values, strict=True) if item in (None, name)]
    found: dict[str, Any] = {}
    for name, value in zip(names, values, strict=True):
        if name in found:  # a name that comes again is a list that nobody announced
            before = found[name]
            found[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[name] = value
    return found


def _name(element: Element) -> str:
    """The name without its namespace."""
    return str(element.tag).rpartition("}")[2]
