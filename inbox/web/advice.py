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
_DONE = noop("Nothing to do: it is done.")
_BY_HAND = noop("Enter the answer in the source by hand and mark it as entered.")
_CERTIFICATE = noop("Tell the owner of the source; an administrator must not switch the check off.")
_FOLDER = noop("An administrator corrects the settings of the source, or the rights of the account on the folder.")
_EXPORT = noop("Tell whoever exports the files; a corrected file is taken by itself. The rest of the file has gone in.")
_FILE = noop("The file lies in “refused”. Tell whoever exports it; a corrected file is taken by itself.")
_SENDER = noop("Nothing was stored. If it stays, compare the secret and the clock with the people who run the app.")
_PROFILE = noop("An administrator corrects the profile: the detail names the key. Then run the check of the source.")
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
    "total_timeout": (noop("the source answers so slowly that it never ends"), _WAIT),
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
    "lease_lost": (noop("another worker has taken over the reading"), _WAIT),
    "error": (noop("the source failed without saying why"), _WAIT),
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
    "tls": (noop("no secure connection to the source comes about"), _CERTIFICATE),
    "tls_expired": (noop("the certificate of the source has expired"), _CERTIFICATE),
    "tls_wrong_host": (noop("the certificate of the source is for another address"), _CERTIFICATE),
    "tls_untrusted": (noop("the certificate of the source comes from nobody this machine trusts"), _CERTIFICATE),
    "no_endpoint": (noop("the address of the source is not that of its service"), _SETTINGS),
    "format": (noop("the format set for the source does not exist"), _SETTINGS),
    "date_order": (noop("the order of day and month set for the source does not exist"), _SETTINGS),
    "bad_secret": (noop("the signing secret of the source is not one"), _SETTINGS),
    "bad_profile": (noop("the profile of the source cannot be followed"), _PROFILE),
    "unknown_profile": (noop("there is no such profile"), _PROFILE),
    "bad_path": (noop("the folder of the source is not a folder’s address"), _FOLDER),
    "no_folder": (noop("the folder of the source does not exist"), _FOLDER),
    "folder_denied": (noop("the folder of the source may not be read or written"), _FOLDER),
    "folder_failed": (noop("the disk or server with the folder reports an error"), _WAIT),
    "bad_private_key": (noop("the private key of the source cannot be used"), _SETTINGS),
    "no_host_key": (
        noop("the fingerprint of the server is not set yet"),
        noop("Ask the owner of the server for its fingerprint, compare with the detail and set host_key to it."),
    ),
    "host_key_changed": (
        noop("the server is another one than was agreed on"),
        noop("Ask the owner of the server why its key has changed. Only then set host_key anew: it may be an attack."),
    ),
    "bad_table": (noop("a file cannot be read as a table"), _FILE),
    "missing_column": (noop("a file lacks a column that is needed"), _FILE),
    "broken_row": (noop("a row of a file is broken"), _EXPORT),
    "no_file": (
        noop("a file was taken away while it was read"),
        noop("Nothing to do: what is there is read the next time."),
    ),
    "bad_name": (noop("a file has a name that cannot be used"), noop("Tell whoever exports the files.")),
    "html_instead_of_json": (
        noop("a web page came instead of data"),
        noop(
            "Usually a maintenance page or a firewall’s login page. It is tried again; check the address if it stays."
        ),
    ),
    "bad_xml": (noop("the answer of the source is broken"), _FORMAT),
    "unknown_type": (noop("a message is of a kind we do not know"), _FORMAT),
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
    "kills_readers": (
        noop("our own process ended each time it read this complaint"),
        noop("Tell the people who maintain the connector; once it is mended, they run replay_payloads on the server."),
    ),
    "many_missing": (
        noop("a full reading showed far fewer complaints than are open here"),
        noop("Nothing was closed. Ask the owner of the source whether they were deleted there; then read it in full."),
    ),
    "id_reused": (
        noop("the source has given the number of a complaint we know to another one"),
        noop("Look at both and decide: the same complaint, or a new one. Nothing was overwritten."),
    ),
    "conflict": (noop("the complaint has changed in the source meanwhile"), _DECIDE),
    "answered_by_another": (noop("somebody else has answered in the source"), _DECIDE),
    "not_found": (noop("the source no longer knows this complaint"), _DECIDE),
    "http_404": (noop("the source no longer knows this complaint"), _DECIDE),
    "refused": (noop("the source refuses the connection or the message"), _DECIDE),
    "http_409": (noop("the complaint has changed in the source meanwhile"), _DECIDE),
    "http_410": (noop("the source no longer knows this complaint"), _DECIDE),
    "unknown_complaint": (noop("the source no longer knows this complaint"), _DECIDE),
    "malformed": (noop("the source does not understand our message"), _BY_HAND),
    "http_400": (noop("the source does not understand our message"), _BY_HAND),
    "http_422": (noop("the source refuses this one message"), _DECIDE),
    "no_callback": (noop("the complaint came without an address for answers"), _BY_HAND),
    "foreign_callback": (
        noop("the address for answers is not on the app’s own server"),
        noop("Enter the answer in the app by hand. Ask the people who run it why the address leads elsewhere."),
    ),
    "list_incomplete": (
        noop("the source showed only a part of its complaints, so both sides could not be compared"),
        noop("Nothing was concluded from it. Compare again; if it stays, ask the owner of the source."),
    ),
    "dispatcher_was_away": (
        noop("our own sending stood still for a while"),
        noop("Nothing to do: the source is asked whether it has the message before it is sent again."),
    ),
    "workers_died": (
        noop("our own process died several times over this message"),
        noop("Tell the people who run this system; enter the answer in the source by hand meanwhile."),
    ),
    "cannot_be_asked": (
        noop("the answer of the source was lost, and it cannot be asked"),
        noop("Look into the source: mark it as entered if it is there, else send it again."),
    ),
    "connector_bug": (
        noop("our connector failed on this message"),
        noop("Tell the people who maintain the connector; enter the answer in the source by hand meanwhile."),
    ),
    "file_missing": (
        noop("a file of the answer can no longer be read"),
        noop("Enter the answer in the source by hand, with the file, and mark it as entered."),
    ),
    "lost_there": (
        noop("the source confirmed the answer twice and does not show it"),
        noop("Call the owner of the source; enter the answer by hand and mark it as entered."),
    ),
    "given_up": (noop("a person decided that it need not reach the source"), _DONE),
    "their_side_counts": (noop("the source’s side counts"), _DONE),
    "replaced": (noop("a later message takes its place"), _DONE),
    "no_files": (noop("the source gives no files"), noop("Look at it in the source if you need it.")),
    "not_pushing": (noop("the source sends nothing by itself"), _SETTINGS),
    "unsigned": (noop("a message came without a signature"), _SENDER),
    "bad_signature": (noop("a message came with a signature that does not fit"), _SENDER),
    "stale_signature": (noop("a message came more than five minutes late or early"), _SENDER),
    "no_write_id": (noop("the source has not told its number for writing"), _BY_HAND),
    "read_only": (noop("the source takes no answers from outside"), _BY_HAND),
    "undone": (
        noop("the act was taken back before the source heard of it"),
        noop("Nothing to do: nothing was sent."),
    ),
    "entered_by_hand": (noop("entered by hand"), _DONE),
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
    "unpacks_too_large": noop("it unpacks to more than anyone may send"),
    "no_files": noop("the source gives no files"),
    "http_404": noop("the source no longer has it"),
    "private_address": noop("its address leads into a private network"),
    "redirect_refused": noop("its address leads on to another server"),
}


def file_advice_for(code: str) -> Advice:
    """Why a file was not kept; anything else is the source's trouble, in the words for sources."""
    if code in _FILES:
        return Advice(_(_FILES[code]), _(_SEE_SOURCE))
    return advice_for(code)
