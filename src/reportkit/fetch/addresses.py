"""Addresses of APIs: which may be used, and how their host is called."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def allowed(address: str, allow_http: tuple[str, ...]) -> str | None:
    """Why an address may not be used, None where it may: https, or http to this machine or a host allowed by name."""
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return None
    if parts.scheme != "http" or not parts.hostname:
        return f"{address!r} is no address of an API; write one such as https://api.example.com"
    if _is_here(parts.hostname) or parts.hostname in allow_http:
        return None
    return (
        f"{address} is not encrypted, and a token sent there could be read on the way; write https, or "
        f"`allow_http: [{parts.hostname}]` where the network is yours"
    )


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(address: str) -> str:
    """'api.github.com'; with scheme and port where these are not https's own."""
    parts = urlsplit(address)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    name = parts.hostname or ""
    shown = f"[{name}]" if ":" in name else name
    return shown if port == 443 and parts.scheme == "https" else f"{parts.scheme}://{shown}:{port}"
