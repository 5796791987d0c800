"""Folders that files are dropped into: one on this machine, or one of an SFTP account. No file's words are read here.

Names come from strangers and are only ever names of files directly inside a folder. Links are not followed. What is
written appears at once and whole: under another name first, then renamed.

Codes: no_folder, folder_denied, bad_path, no_host_key, host_key_changed, wrong_password, bad_private_key; no_file for
one that has gone meanwhile, bad_name; on the way there refused, dns, connect_timeout, read_timeout, total_timeout,
connection_lost; folder_failed for a disk or server that reports an error of its own.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import re
import socket
import stat
import textwrap
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

import paramiko

from connectors.errors import AuthError, BadPayload, ConfigError, ConnectorError, Permanent, Transient

CONNECT_TIMEOUT = 5.0  # seconds
TIMEOUT = 20.0  # seconds between two answers
TOTAL_TIMEOUT = 300.0  # seconds for one file
_CHUNK = 256 * 1024
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*)-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the folder lists it. `modified` is the folder's own clock."""

    name: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in to an SFTP server. `host_key` is its fingerprint, as `SHA256:…`."""

    username: str = ""
    password: str = ""
    private_key: str = ""
    host_key: str = ""

    def __repr__(self) -> str:
        return f"Login({self.username!r})"


class Folder(ABC):
    """A folder and the folders directly inside it; `inside` "" is the folder itself."""

    @abstractmethod
    def files(self, inside: str = "") -> list[Entry]:
        """The plain files, in no order. A folder inside that does not exist has none."""

    @abstractmethod
    def fetch(self, entry: Entry, into: IO[bytes], *, limit: int, inside: str = "") -> None:
        """Copy a file. Raises BadPayload (too_large) past `limit` bytes, Permanent (no_file) when it has gone."""

    @abstractmethod
    def move(self, name: str, to: str, new_name: str, *, inside: str = "") -> None:
        """Move a file into the folder `to`, which is made where it is missing."""

    @abstractmethod
    def write(self, inside: str, name: str, content: bytes) -> None:
        """Put a file into a folder inside, whole or not at all, replacing one of that name."""

    def is_being_written(self, name: str) -> bool:
        """Whether somebody has the file open for writing, as far as that can be known."""
        return False


@contextlib.contextmanager
def opened(path: str, login: Login) -> Iterator[Folder]:
    """The folder at `path`: absolute on this machine, or `sftp://host[:port]/folder`. Raises ConfigError and others."""
    if path.startswith("sftp://"):
        with _sftp_session(path, login) as (client, place):
            yield SftpFolder(client, place)
    elif Path(path).is_absolute():
        yield LocalFolder(Path(path))
    else:
        raise ConfigError("path must be an absolute folder or sftp://host/folder", code="bad_path")


class LocalFolder(Folder):
    """A folder on this machine."""

    def __init__(self, root: Path) -> None:
        """Raises ConfigError when it does not exist or may not be read."""
        self._root = root
        if not root.is_dir():
            raise ConfigError("The folder does not exist", code="no_folder")
        if not os.access(root, os.R_OK | os.X_OK):
            raise ConfigError("The folder may not be read", code="folder_denied")

    def files(self, inside: str = "") -> list[Entry]:
        place = self._root / inside
        found = []
        with _local_errors():
            if not place.is_dir():
                return []
            with os.scandir(place) as listing:
                for one in listing:
                    if one.is_file(follow_symlinks=False):
                        facts = one.stat(follow_symlinks=False)
                        found.append(Entry(one.name, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC)))
        return found

    def fetch(self, entry: Entry, into: IO[bytes], *, limit: int, inside: str = "") -> None:
        with _local_errors():
            handle = os.open(self._root / inside / _plain(entry.name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as file:
                _copy(file, into, limit)

    def move(self, name: str, to: str, new_name: str, *, inside: str = "") -> None:
        with _local_errors():
            target = self._root / to
            target.mkdir(exist_ok=True)
            (self._root / inside / _plain(name)).replace(target / _plain(new_name))

    def write(self, inside: str, name: str, content: bytes) -> None:
        with _local_errors():
            place = self._root / inside
            place.mkdir(exist_ok=True)
            draft = place / f".{_plain(name)}.part"
            try:
                with draft.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(place / name)
            except OSError:
                draft.unlink(missing_ok=True)
                raise

    def is_being_written(self, name: str) -> bool:
        """A read lease is only given while nobody writes; file systems without leases know nothing."""
        try:
            handle = os.open(self._root / _plain(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
        finally:
            os.close(handle)
        return False


class SftpFolder(Folder):
    """A folder of an SFTP account."""

    def __init__(self, client: paramiko.SFTPClient, root: str) -> None:
        self._client = client
        self._root = root

    def files(self, inside: str = "") -> list[Entry]:
        with _sftp_errors():
            try:
                listing = self._client.listdir_attr(self._at(inside))
            except FileNotFoundError:
                if inside:
                    return []
                raise ConfigError("The folder does not exist", code="no_folder") from None
        return [
            Entry(one.filename, one.st_size or 0, datetime.fromtimestamp(one.st_mtime or 0, UTC))
            for one in listing
            if one.st_mode is not None and stat.S_ISREG(one.st_mode)
        ]

    def fetch(self, entry: Entry, into: IO[bytes], *, limit: int, inside: str = "") -> None:
        if entry.size > limit:
            raise BadPayload(f"The file is larger than {limit} bytes", code="too_large")
        with _sftp_errors(), self._client.open(self._at(inside, entry.name), "rb") as file:
            file.prefetch(entry.size, max_concurrent_requests=64)
            _copy(file, into, limit)

    def move(self, name: str, to: str, new_name: str, *, inside: str = "") -> None:
        with _sftp_errors():
            self._make(to)
            self._rename(self._at(inside, name), self._at(to, new_name))

    def write(self, inside: str, name: str, content: bytes) -> None:
        with _sftp_errors():
            self._make(inside)
            draft = self._at(inside, f".{_plain(name)}.part")
            self._client.putfo(io.BytesIO(content), draft, file_size=len(content), confirm=True)
            self._rename(draft, self._at(inside, name))

    def _rename(self, old: str, new: str) -> None:
        """Over a file of that name, also on servers that do not know how to do that in one step."""
        try:
            self._client.posix_rename(old, new)
        except OSError:
            with contextlib.suppress(OSError):
                self._client.remove(new)
            self._client.rename(old, new)

    def _make(self, inside: str) -> None:
        try:
            self._client.stat(self._at(inside))
        except FileNotFoundError:
            self._client.mkdir(self._at(inside))

    def _at(self, inside: str, name: str = "") -> str:
        return "/".join(part for part in (self._root, inside, _plain(name) if name else "") if part) or "."


def _plain(name: str) -> str:
    """A name that leads nowhere else. Raises Permanent."""
    if not name or name in {".", ".."} or set(name) & {"/", "\\", "\x00"}:
        raise Permanent("A file has a name that cannot be used", code="bad_name")
    return name


def _copy(file: IO[bytes] | paramiko.SFTPFile, into: IO[bytes], limit: int) -> None:
    """Copy up to `limit` bytes within the total time."""
    deadline = time.monotonic() + TOTAL_TIMEOUT
    size = 0
    while part := file.read(_CHUNK):
        size += len(part)
        if size > limit:
            raise BadPayload(f"The file is larger than {limit} bytes", code="too_large")
        if time.monotonic() > deadline:
            raise Transient("The file took too long in total", code="total_timeout")
        into.write(part)


@contextlib.contextmanager
def _local_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise Permanent("The file is no longer there", code="no_file") from None
    except PermissionError:
        raise ConfigError("The folder may not be read or written", code="folder_denied") from None
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "an error")
        raise Transient(f"The disk reports {name}", code="folder_failed") from None


@contextlib.contextmanager
def _sftp_errors() -> Iterator[None]:
    try:
        yield
    except ConnectorError:
        raise
    except FileNotFoundError:
        raise Permanent("The file is no longer there", code="no_file") from None
    except PermissionError:
        raise ConfigError("The folder may not be read or written", code="folder_denied") from None
    except TimeoutError:
        raise Transient("The server did not answer in time", code="read_timeout") from None
    except (EOFError, ConnectionError, paramiko.SSHException):
        raise Transient("The connection broke", code="connection_lost") from None
    except OSError:
        raise Transient("The server reports an error of its own", code="folder_failed") from None


@contextlib.contextmanager
def _sftp_session(address: str, login: Login) -> Iterator[tuple[paramiko.SFTPClient, str]]:
    """A session and the folder in it. The server must show the key that was agreed on: there is no first-time trust."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 22
    except ValueError:
        host, port = "", 0
    if not host:
        raise ConfigError("path must be sftp://host[:port]/folder", code="bad_path")
    with contextlib.closing(_connected(host, port)) as line:
        transport = paramiko.Transport(line)
        try:
            _log_in(transport, login)
            with _sftp_errors():
                client = paramiko.SFTPClient.from_transport(transport)
                if client is None:
                    raise Transient("The server opens no session for files", code="connection_lost")
                if channel := client.get_channel():
                    channel.settimeout(TIMEOUT)
            yield client, unquote(parts.path)
        finally:
            transport.close()


def _connected(host: str, port: int) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout=CONNECT_TIMEOUT)
    except TimeoutError:
        raise Transient("No connection to the server in time", code="connect_timeout") from None
    except (socket.gaierror, UnicodeError):
        raise Transient("The name of the server is not known", code="dns") from None
    except OSError:
        raise Transient("The server refused the connection", code="refused") from None


def _log_in(transport: paramiko.Transport, login: Login) -> None:
    transport.banner_timeout = transport.auth_timeout = TIMEOUT
    try:
        transport.start_client(timeout=TIMEOUT)
        shown: str = transport.get_remote_server_key().fingerprint
        if not login.host_key:
            raise ConfigError(f"host_key is missing; the server shows {shown}: ask its owner", code="no_host_key")
        if shown != login.host_key.strip():
            raise ConfigError(f"The server shows another key: {shown}", code="host_key_changed")
        if login.private_key:
            transport.auth_publickey(login.username, _key(login.private_key))
        else:
            transport.auth_password(login.username, login.password, fallback=False)
    except paramiko.AuthenticationException:
        raise AuthError("The server refuses the user name, password or key", code="wrong_password") from None
    except TimeoutError:
        raise Transient("The server did not answer in time", code="read_timeout") from None
    except (EOFError, OSError, paramiko.SSHException):
        raise Transient("The connection broke while logging in", code="connection_lost") from None


def _key(text: str) -> paramiko.PKey:
    """A private key in any of the usual forms, also out of an input field of one line. Raises ConfigError."""
    if (match := _PEM.fullmatch(text.strip())) and "\n" not in match[2].strip():
        body = "\n".join(textwrap.wrap("".join(match[2].split()), 64))
        text = f"-----BEGIN {match[1]}-----\n{body}\n-----END {match[1]}-----\n"
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with contextlib.suppress(paramiko.SSHException, ValueError, IndexError):
            return kind.from_private_key(io.StringIO(text))
    raise ConfigError("private_key is not a private key without a passphrase", code="bad_private_key")
