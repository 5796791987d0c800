"""Error codes of sources in plain words: what is wrong, and what to do about it.

The codes come from `connectors` (errors, http and the sources themselves); one that nobody explained here gets the
general advice together with its code, so that it can be looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

_WAIT = noop("Nothing to do: it is tried again by itself. Complaints and answers are kept until then.")
_CREDENTIALS = noop(
    "An administrator enters the right credentials and runs the check of the source. Until then nothing is tried, "
    "so that the account is not locked."
)
_SETTINGS = noop("An administrator corrects the settings of the source.")
_FORMAT = noop("The source has changed its format. Tell the people who maintain the connector; replay afterwards.")
_DECIDE = noop("Open the ticket, compare with the source and decide.")


@dataclass(frozen=True, slots=True)
class Advice:
    """What is wrong and what to do, in the active language."""

    what: str
    todo: str


_KNOWN: Mapping[str, tuple[str, str]] = {
    "wrong_password": (noop("the source refuses the user name or password"), _CREDENTIALS),
    "auth": (noop("the source refuses our credentials"), _CREDENTIALS),
    "http_401": (noop("the source refuses our credentials"), _CREDENTIALS),
    "not_granted": (
        noop("the account may not use this service"),
        noop("Ask the owner of the source to grant the service to this account, then run the check of the source."),
    ),
    "http_403": (
        noop("the source does not allow this account to do that"),
        noop("Ask the owner of the source to grant the service to this account, then run the check of the source."),
    ),
    "session_ended": (noop("the source ends every session at once"), _WAIT),
    "read_timeout": (noop("the source did not answer in time"), _WAIT),
    "connect_timeout": (noop("the source cannot be reached"), _WAIT),
    "dns": (noop("the name of the source is not known on the network"), _WAIT),
    "connection_lost": (noop("the connection to the source broke"), _WAIT),
    "transient": (noop("the source failed for a moment"), _WAIT),
    "http_5xx": (noop("the source has an internal error"), _WAIT),
    "portal_error": (noop("the source reports an error of its own"), _WAIT),
    "app_error": (noop("the source reports an error of its own"), _WAIT),
    "open311_error": (noop("the source reports an error of its own"), _WAIT),
    "upload_failed": (noop("the source lost a file that was sent"), _WAIT),
    "rate_limited": (noop("the source asks us to slow down"), _WAIT),
    "http_429": (noop("the source asks us to slow down"), _WAIT),
    "process_died": (noop("the reading was broken off on our side"), _WAIT),
    "unknown_outcome": (
        noop("the answer of the source was lost"),
        noop("Nothing to do: the source is asked whether it has the message before it is sent again."),
    ),
    "unknown_answer": (
        noop("the source gave no clear answer"),
        noop("Nothing to do: the source is asked whether it has the message before it is sent again."),
    ),
    "config": (noop("the source is set up wrongly"), _SETTINGS),
    "missing_setting": (noop("a setting of the source is missing"), _SETTINGS),
    "base_url": (noop("the address of the source is not a web address"), _SETTINGS),
    "bad_url": (noop("an address that the source gave cannot be used"), _SETTINGS),
    "private_address": (noop("the address of the source points into our own network"), _SETTINGS),
    "redirect_refused": (noop("the source sends us on to another address"), _SETTINGS),
    "tls": (
        noop("the certificate of the source is not valid"),
        noop("Tell the owner of the source; an administrator must not switch the check off."),
    ),
    "html_instead_of_json": (
        noop("a web page came instead of data"),
        noop(
            "Usually a maintenance page or a firewall’s login page. It is tried again; check the address if it stays."
        ),
    ),
    "bad_json": (noop("the answer of the source is broken"), _FORMAT),
    "bad_compression": (noop("the answer of the source is broken"), _FORMAT),
    "empty_body": (noop("the answer of the source is empty"), _WAIT),
    "too_large": (noop("the answer of the source is too large"), _FORMAT),
    "too_deep": (noop("the answer of the source is nested too deeply"), _FORMAT),
    "too_long": (noop("a value is longer than allowed"), _FORMAT),
    "cursor_loop": (noop("the source sends the same page again and again"), _FORMAT),
    "missing_field": (noop("a required field is missing"), _FORMAT),
    "wrong_type": (noop("a field holds something unexpected"), _FORMAT),
    "bad_date": (noop("a date cannot be read"), _FORMAT),
    "bad_payload": (noop("a complaint cannot be understood"), _FORMAT),
    "parser_bug": (
        noop("our connector failed on a complaint"),
        noop("Tell the people who maintain the connector; replay afterwards. The complaint is kept as received."),
    ),
    "not_storable": (
        noop("a complaint could not be stored"),
        noop("Tell the people who maintain the connector; replay afterwards. The complaint is kept as received."),
    ),
    "conflict": (noop("the complaint has changed in the source meanwhile"), _DECIDE),
    "answered_by_another": (noop("somebody else has answered in the source"), _DECIDE),
    "not_found": (noop("the source no longer knows this complaint"), _DECIDE),
    "http_404": (noop("the source no longer knows this complaint"), _DECIDE),
    "refused": (noop("the source refuses the connection or the message"), _DECIDE),
    "no_write_id": (
        noop("the source has not told its number for writing"),
        noop("Enter the answer in the source by hand and mark it as entered."),
    ),
    "read_only": (
        noop("the source takes no answers from outside"),
        noop("Enter the answer in the source by hand and mark it as entered."),
    ),
    "entered_by_hand": (noop("entered by hand"), ""),
}


def advice_for(code: str) -> Advice:
    """The words for a code; the empty code is an error nobody named."""
    what, todo = _KNOWN.get(code) or _KNOWN.get(_family(code)) or ("", "")
    if not what:
        return Advice(
            what=_("an error nobody has described yet (%(code)s)") % {"code": code or "?"},
            todo=_("It is tried again. If it stays, tell an administrator the code."),
        )
    return Advice(what=_(what), todo=_(todo) if todo else "")


def _family(code: str) -> str:
    """The group of an HTTP status: http_503 is one of http_5xx."""
    return f"{code[:6]}xx" if code.startswith("http_5") else ""


_SEE_SOURCE = noop("Look at it in the source if you need it.")
_FILES: Mapping[str, str] = {
    "too_large": noop("it is too large"),
    "empty": noop("it is empty"),
    "empty_body": noop("it is empty"),
    "type_not_allowed": noop("it is not a picture, a video, a sound, a PDF or an office document"),
    "damaged": noop("it is damaged"),
    "http_404": noop("the source no longer has it"),
    "private_address": noop("its address leads into a private network"),
    "redirect_refused": noop("its address leads on to another server"),
}


def file_advice_for(code: str) -> Advice:
    """Why a file was not kept; anything else is the source's trouble, in the words for sources."""
    if code in _FILES:
        return Advice(_(_FILES[code]), _(_SEE_SOURCE))
    return advice_for(code)
