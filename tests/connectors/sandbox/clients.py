"""The smallest possible clients of the imitated systems: what a test says is what goes over the wire."""

from __future__ import annotations

import base64
from typing import Any

import requests

from connectors.sandbox.catalogue import ACCOUNTS

TIMEOUT = 10
BROWSER = {"User-Agent": "Mozilla/5.0 (test)", "Accept": "*/*"}
PASSWORD = ACCOUNTS["gopy"].password
PICTURE = base64.b64encode(b"\x89PNG").decode()


class Control:
    """The control API of one source."""

    def __init__(self, url: str, source: str) -> None:
        self._url = f"{url}/control/{source}"

    def fault(self, **wanted: Any) -> requests.Response:
        return requests.post(f"{self._url}/faults", json=wanted, timeout=TIMEOUT)

    def complain(self, **fields: Any) -> dict[str, Any]:
        """One complaint made or changed, as the state shows it."""
        response = requests.post(f"{self._url}/complaints", json=fields, timeout=TIMEOUT)
        response.raise_for_status()
        return response.json()["complaints"][0]

    def state(self) -> dict[str, Any]:
        return requests.get(f"{self._url}/state", timeout=TIMEOUT).json()

    def complaint(self, external_id: str) -> dict[str, Any]:
        return next(c for c in self.state()["complaints"] if c["external_id"] == str(external_id))


class Portal:
    """The national portal, logged in on first use."""

    def __init__(self, url: str) -> None:
        self.base = f"{url}/national-portal"
        self.session = ""

    def login(self, password: str = PASSWORD) -> dict[str, Any]:
        body = {"username": "motmoi", "password": password}
        answer = requests.post(f"{self.base}/mapi/login", json=body, timeout=TIMEOUT).json()
        self.session = answer.get("session", self.session)
        return answer

    def raw(self, service: str, **body: Any) -> requests.Response:
        if not self.session:
            self.login()
        return requests.post(
            f"{self.base}/mapi/g", json={"session": self.session, "service": service, **body}, timeout=TIMEOUT
        )

    def page(self, **changes: Any) -> dict[str, Any]:
        return self.raw("LayDanhSachPAKN", **{**self.everything(), **changes}).json()

    @staticmethod
    def everything() -> dict[str, Any]:
        return {
            "madonvi": "",
            "tungay": "01/01/2000 00:00:00",
            "denngay": "31/12/2099 23:59:59",
            "trang": 1,
            "sobanghi": 100,
        }

    def look_up(self, external_id: str) -> dict[str, Any]:
        return self.raw("TraCuuPAKN", mapakn=external_id).json()

    def update(self, external_id: str, *, key: str = "k1", **changes: Any) -> dict[str, Any]:
        data = {
            "MAPAKN": external_id,
            "TRANGTHAI": "4",
            "NOIDUNGTRALOI": "Đã xử lý xong",
            "NGUOIXULY": "Trần Văn Hùng",
            "NGAYXULY": "20/11/2026 10:00:00",
            "TEPDINHKEM": [{"TENTEP": "a.png", "NOIDUNG": PICTURE}],
        }
        return self.raw("CapNhatPAKN", magiaodich=key, data={**data, **changes}).json()


class Hotline:
    """The 1022 portal."""

    def __init__(self, url: str, token: str = ACCOUNTS["hotline-1022"].password) -> None:
        self.base = f"{url}/hotline-1022"
        self.headers = {"Token": token}

    def page(self, **changes: Any) -> requests.Response:
        body = {
            "FromDate": "01/01/2000",
            "ToDate": "31/12/2099",
            "SearchKey": "",
            "MaNguonTiepNhan": "1022",
            "OrderBy": "NgayCapNhat DESC",
            "PageIndex": 1,
            "PageSize": 50,
            "PortalId": 0,
        }
        return self._post("GetForMobile", {**body, **changes})

    def rows(self, **changes: Any) -> list[dict[str, Any]]:
        return self.page(**changes).json()["ClassResult"]

    def get(self, **ids: Any) -> dict[str, Any] | None:
        return requests.get(
            f"{self.base}/API/TPhanAnh/GetByIDForMobile",
            params={"PortalID": 0, **ids},
            headers=self.headers,
            timeout=TIMEOUT,
        ).json()["ClassResult"]

    def update(self, external_id: Any, **changes: Any) -> requests.Response:
        body = {
            "PhanAnhKenhKhacID": external_id,
            "MaTinhTrang": "DA_XU_LY",
            "NoiDungXuLy": "Đã xử lý xong",
            "NguoiXuLy": "Trần Văn Hùng",
            "ThoiGianXuLy": "20/11/2026 10:00:00",
            "MaYeuCau": "k1",
            "lstFileDinhKem": [{"FileName": "a.png", "FileExtension": ".png", "arrByte": PICTURE}],
        }
        return self._post("CapNhatXuLy", {**body, **changes})

    def download(self, path: str) -> requests.Response:
        url = f"{self.base}/api/TPhanAnhKenhKhac/Download"
        return requests.get(
            url, params={"pathFile": path}, headers=self.headers, timeout=TIMEOUT, allow_redirects=False
        )

    def _post(self, name: str, body: dict[str, Any]) -> requests.Response:
        return requests.post(f"{self.base}/API/TPhanAnh/{name}", json=body, headers=self.headers, timeout=TIMEOUT)


class GopyApp:
    """The ward app, as a browser would speak to it."""

    def __init__(self, url: str) -> None:
        self.base = f"{url}/gopy"

    def get(self, path: str, *, password: str = PASSWORD, headers: dict[str, str] = BROWSER, **params: Any) -> Any:
        return requests.get(
            f"{self.base}/admin/{path}", params=params, headers=headers, auth=("motmoi", password), timeout=TIMEOUT
        )

    def post(self, path: str, **body: Any) -> requests.Response:
        return requests.post(
            f"{self.base}/admin/{path}", json=body, headers=BROWSER, auth=("motmoi", PASSWORD), timeout=TIMEOUT
        )

    def rows(self, **params: Any) -> list[dict[str, Any]]:
        return self.get("gopy", **{"size": 100, **params}).json()["data"]

    def answer(self, write_id: Any, **changes: Any) -> requests.Response:
        body = {
            "noiDungXuLy": "Đã xử lý xong",
            "chuyenTrangThai": True,
            "giaHan": False,
            "hanPhanHoi": "",
            "xuatBan": False,
            "hinhAnhs": [],
            "fileDinhKem": [],
            "ghiChu": "k1",
        }
        return self.post(f"xuluthongtin/{write_id}/xuly", **{**body, **changes})


def ioc_list(url: str, *, token: str = ACCOUNTS["ioc"].password, **params: Any) -> requests.Response:
    """The operations centre's feed."""
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{url}/ioc/pakn/api/IocApi/danh-sach-pakn"
    return requests.get(address, params=params, headers=headers, timeout=TIMEOUT)


def open311(url: str, path: str, **params: Any) -> requests.Response:
    """A GET on the Open311 server."""
    return requests.get(f"{url}/open311/v2/{path}", params=params, timeout=TIMEOUT)
