"""How Vietnamese text is compared: one folding for search, places and duplicates. Pure, no Django.

The original is always kept; what comes out of here is a key, never something to show.
"""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")

# On folded text. A lone letter is an abbreviation only before a number or with its full stop: "p 26", "p. ben nghe".
# The first that fits a place counts.
_ABBREVIATIONS = (
    (r"(?:tp|t\.p)[. ]*(?:hcm|ho chi minh)(?!\w)", "thanh pho ho chi minh"),
    (r"(?:tp|t\.p)(?:\. *| +)(?=\w)", "thanh pho "),
    (r"tx(?:\. *| +)(?=\w)", "thi xa "),
    (r"tt\. *(?=\w)", "thi tran "),
    (r"kp(?:\. *| *)(?=\d)", "khu pho "),
    (r"kp\. *(?=\w)", "khu pho "),
    (r"p(?:\. *| *)(?=\d)", "phuong "),
    (r"p\. *(?=\w)", "phuong "),
    (r"q(?:\. *| *)(?=\d)", "quan "),
    (r"q\. *(?=\w)", "quan "),
    (r"x\. *(?=[a-z])", "xa "),
    (r"h\. *(?=\d)", "hem "),
    (r"h\. *(?=[a-z])", "huyen "),
    (r"d\. *(?=\w)", "duong "),
)
_WRITTEN_OUT = tuple(replacement for _, replacement in _ABBREVIATIONS)
# The first two letters settle it for nearly every word, before fourteen patterns are tried.
_ABBREVIATION = re.compile(
    rf"(?<!\w)(?=[tkpqxhd][ptx.\d ])(?:{'|'.join(f'({pattern})' for pattern, _ in _ABBREVIATIONS)})"
)


def fold(text: str) -> str:
    """The search key of `text`: no marks, đ as d, lower case, single spaces. Digits and punctuation stay."""
    if text.isascii():
        return " ".join(text.lower().split())
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text)).casefold()
    return " ".join(bare.replace("đ", "d").replace("ð", "d").split())  # what NFD does not take apart


def search_key(text: str) -> str:
    """`fold(text)` with the abbreviations of addresses written out: "P.26, Q. BT" becomes "phuong 26, quan bt".

    Numbers are never touched: hẻm 42/7 and hẻm 47/2 stay apart.
    """
    return _ABBREVIATION.sub(lambda found: _WRITTEN_OUT[(found.lastindex or 1) - 1], fold(text))
