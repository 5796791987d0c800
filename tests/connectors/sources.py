"""How each source is set up against the sandbox."""

from __future__ import annotations

from connectors.protocol import SourceConfig


def national_portal(url: str) -> SourceConfig:
    settings = {"base_url": f"{url}/national-portal", "username": "motmoi"}
    return SourceConfig("national_portal", settings, secrets={"password": "motmoi"})


def hotline_1022(url: str) -> SourceConfig:
    return SourceConfig("hotline_1022", {"base_url": f"{url}/hotline-1022"}, secrets={"token": "motmoi-1022"})


def gopy(url: str) -> SourceConfig:
    settings = {"base_url": f"{url}/gopy", "username": "motmoi"}
    return SourceConfig("district_app", settings, profile="gopy", secrets={"password": "motmoi"})


def ioc(url: str) -> SourceConfig:
    return SourceConfig("district_app", {"base_url": f"{url}/ioc"}, profile="ioc", secrets={"token": "motmoi-ioc"})


def open311(url: str) -> SourceConfig:
    return SourceConfig("open311", {"base_url": f"{url}/open311/v2"})


def open311_xml(url: str) -> SourceConfig:
    return SourceConfig(
        "open311", {"base_url": f"{url}/open311/v2", "format": "xml"}, secrets={"api_key": "motmoi-311"}
    )


#: base64 of 24 bytes; for tests only.
SECRET = "whsec_bW90LW1vaS10ZXN0LXNlY3JldC0wMDAx"
OLD_SECRET = "whsec_bW90LW1vaS10ZXN0LXNlY3JldC0wMDAw"


def mini_app(url: str) -> SourceConfig:
    return SourceConfig("mini_app", {"base_url": url}, secrets={"secret": SECRET, "old_secret": OLD_SECRET})
