"""Spreadsheets as apps export them, and a real SFTP server on loopback, for the tests of file_drop."""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import paramiko
import xlsxwriter

from connectors.protocol import SourceConfig

HEADER = (
    "Mã phản ánh",
    "Nội dung phản ánh",
    "Trạng thái",
    "Lĩnh vực",
    "Địa chỉ",
    "Phường",
    "Ngày gửi",
    "Họ tên",
    "SĐT",
)
PASSWORD = "mot-moi-sftp"
OLD = 1_700_000_000  # a time of change long ago: nobody is still writing


def complaint(number: int, **changes: Any) -> dict[str, Any]:
    """One row by column title."""
    row: dict[str, Any] = {
        "Mã phản ánh": f"PA-{number:04d}",
        "Nội dung phản ánh": f"Đèn đường số {number} hỏng, tối om; xin sửa",
        "Trạng thái": "Chưa xử lý",
        "Lĩnh vực": "Chiếu sáng công cộng",
        "Địa chỉ": f"{number} Đinh Bộ Lĩnh",
        "Phường": "Phường Bình Thạnh",
        "Ngày gửi": f"{1 + number % 28:02d}/11/2026 18:22:05",
        "Họ tên": "Trần Thị Bưởi",
        "SĐT": "0903111227",
    }
    return row | changes


def csv_of(rows: Sequence[dict[str, Any]], *, delimiter: str = ";", header: Sequence[str] = HEADER) -> str:
    """A CSV with every cell quoted."""
    lines = [header, *([str(row.get(title, "")) for title in header] for row in rows)]
    return "".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in line) + "\r\n" for line in lines)


def xlsx_of(rows: Sequence[dict[str, Any]], *, header: Sequence[str] = HEADER) -> bytes:
    """A workbook; instants become Excel dates, numbers numbers."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "default_date_format": "dd/mm/yyyy hh:mm"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, header)
        for number, row in enumerate(rows, start=1):
            for column, title in enumerate(header):
                sheet.write(number, column, row.get(title, ""))
    return content.getvalue()


def drop(folder: Path, name: str, content: str | bytes, *, age: timedelta | None = None) -> Path:
    """Put a file into the folder that was finished long ago, or `age` ago."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    changed = OLD + sum(name.encode()) if age is None else (datetime.now() - age).timestamp()
    os.utime(path, (changed, changed))
    return path


def local(folder: Path, **settings: str) -> SourceConfig:
    return SourceConfig("file_drop", {"path": str(folder), **settings})


@dataclass
class SftpServer:
    """What the test needs to know of a running server, and what it can break."""

    port: int
    root: Path
    fingerprint: str
    logins: list[str] = field(default_factory=list)
    may_write: bool = True

    def config(self, *, folder: str = "", password: str = PASSWORD, **settings: str) -> SourceConfig:
        values = {
            "path": f"sftp://127.0.0.1:{self.port}{folder}",
            "username": "app",
            "host_key": self.fingerprint,
        }
        return SourceConfig("file_drop", values | settings, secrets={"password": password} if password else {})


def _server_key() -> paramiko.PKey:
    return paramiko.ECDSAKey.generate()


CLIENT_KEY = paramiko.ECDSAKey.generate()


def client_key_text() -> str:
    text = io.StringIO()
    CLIENT_KEY.write_private_key(text)
    return text.getvalue()


@contextmanager
def running_sftp(root: Path) -> Iterator[SftpServer]:
    """An SFTP server of the library's own kind over a folder, on a free port of loopback."""
    key = _server_key()
    listener = socket.create_server(("127.0.0.1", 0))
    running = SftpServer(listener.getsockname()[1], root, key.fingerprint)
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(line)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, running)
            transports.append(transport)
            try:
                transport.start_server(server=_Door(running))
            except (paramiko.SSHException, EOFError, OSError):  # whoever does not like our key hangs up
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        listener.close()
        for transport in transports:
            transport.close()


class _Door(paramiko.ServerInterface):
    def __init__(self, running: SftpServer) -> None:
        self._running = running

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        self._running.logins.append(username)
        good = (username, password) == ("app", PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        good = username == "app" and key.get_base64() == CLIENT_KEY.get_base64()
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, running: SftpServer, *args: Any, **kwargs: Any) -> None:
        super().__init__(server)
        self._running = running

    def _path(self, path: str) -> Path:
        return self._running.root / self.canonicalize(path).lstrip("/")

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        try:
            found = []
            for one in self._path(path).iterdir():
                attributes = paramiko.SFTPAttributes.from_stat(one.lstat())
                attributes.filename = one.name
                found.append(attributes)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return found

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        if flags & os.O_WRONLY and not self._running.may_write:
            return paramiko.SFTP_PERMISSION_DENIED
        try:
            file = os.fdopen(os.open(self._path(path), flags, 0o644), "wb" if flags & os.O_WRONLY else "rb")
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        handle = paramiko.SFTPHandle(flags)
        handle.filename = str(self._path(path))  # type: ignore[attr-defined]
        handle.readfile = handle.writefile = file  # type: ignore[attr-defined]
        return handle

    def rename(self, oldpath: str, newpath: str) -> int:
        if not self._running.may_write:
            return paramiko.SFTP_PERMISSION_DENIED
        self._path(oldpath).rename(self._path(newpath))
        return paramiko.SFTP_OK

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        if not self._running.may_write:
            return paramiko.SFTP_PERMISSION_DENIED
        self._path(path).mkdir()
        return paramiko.SFTP_OK

    posix_rename = rename
