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
