"""The contract of a source system: what a connector is, what it must say about itself, what it must be able to do.

A connector is a class (what the system can do) plus a `SourceConfig` (how it is set up here). It holds no state of
its own between runs: the cursor belongs to the caller and moves only together with the rows of its page.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.errors import Permanent
from connectors.records import (
    Delivered,
    Found,
    InboundRecord,
    OpenItem,
    OutboundAction,
    OutboundUpdate,
    Page,
    RawItem,
    Receipt,
)

if TYPE_CHECKING:
    from connectors.http import HttpClient


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a connector. `secret` ones are stored encrypted and never shown again."""

    name: str
    help: str
    required: bool = True
    secret: bool = False
    default: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this source can do. A caller asks here first and never finds out by failing."""

    pushes: frozenset[OutboundAction] = frozenset()  # empty = read-only: answers are entered by hand
    lookup: bool = False  # can be asked whether a write arrived
    idempotent_push: bool = False  # repeats of a key have no second effect
    update_stamps: bool = True  # False: open items must be asked for again by id
    polls: bool = True  # False: it sends by itself, see `Connector.receive`
    files: bool = False  # takes files with an answer
    rereads: bool = True  # False: reading takes things away, so it cannot be read only to compare


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """How one source is set up here: plain values, secrets already decrypted. `repr` shows no secrets."""

    slug: str
    settings: Mapping[str, str]
    profile: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, name: str, default: str = "") -> str:
        """A setting or secret by name, or `default` when it is absent or empty."""
        return str(self.secrets.get(name) or self.settings.get(name) or default)


class Connector(ABC):
    """One kind of source system. Subclasses live in `connectors/sources/<slug>.py`, one per file."""

    slug: ClassVar[str]
    label: ClassVar[str]  # in Vietnamese, as officials know the system
    settings: ClassVar[tuple[Setting, ...]]
    profile_family: ClassVar[str] = ""  # the `family` of the data files it follows, where it serves several systems
    default_profile: ClassVar[str] = ""  # taken when none is named; without it one must be named

    def __init__(self, config: SourceConfig, http: HttpClient) -> None:
        """`http` is the only way out; it raises our errors and knows limits, breaker and redaction."""
        self.config = config
        self.http = http

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """May depend on the profile, never on the network."""

    @abstractmethod
    def pages(
        self, cursor: Mapping[str, Any], *, now: datetime, full: bool = False, open_items: Iterable[OpenItem] = ()
    ) -> Iterator[Page]:
        """Yield pages of raw payloads changed since `cursor` ({} = from the beginning; `full` ignores it).

        Raises AuthError, RateLimited, Transient, ConfigError, or BadPayload when a whole page is not readable.
        Each page carries the cursor that holds once its rows are stored; pages overlap rather than leave gaps.
        """

    @abstractmethod
    def parse(self, item: RawItem, *, now: datetime) -> InboundRecord:
        """Turn one payload into a record. Raises BadPayload and nothing else, whatever the payload is."""

    @abstractmethod
    def check(self) -> str:
        """Log in and make the smallest possible read. Returns one line of what was seen; raises our errors."""

    def receive(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Delivered:
        """A message that the source sent by itself; `headers` has lower-case names.

        Raises AuthError when it was not this source that sent it, or not now.
        """
        raise Permanent(f"{self.slug} sends nothing by itself", code="not_pushing")

    def download(self, url: str) -> bytes:
        """The content of an attachment, by the address its record gave. Raises Permanent when it cannot be had."""
        raise Permanent(f"{self.slug} gives no files", code="no_files")

    def push(self, update: OutboundUpdate) -> Receipt:
        """Write one update. Raises UnknownOutcome when it may have been done although no answer came."""
        raise Permanent(f"{self.slug} is read-only", code="read_only")

    def lookup(self, update: OutboundUpdate, *, now: datetime) -> Found:
        """Ask the source about the complaint and whether `update` has arrived there."""
        raise Permanent(f"{self.slug} cannot be asked", code="read_only")
