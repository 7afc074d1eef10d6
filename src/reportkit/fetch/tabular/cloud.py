"""Files in a cloud's store: fetched into the scratch folder by Arrow's own file systems, with the environment's credentials.

- s3://bucket/path: AWS_ACCESS_KEY_ID and the rest of Amazon's chain; `endpoint` for stores that speak the same.
- gs://bucket/path: Google's application default credentials.
- az://container/path: AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, or Azure's default credentials.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from fnmatch import translate
from pathlib import Path
from typing import Any

from reportkit.errors import SourceError
from reportkit.fetch.addresses import allowed
from reportkit.fetch.secrets import redact

STORES = re.compile(r"(?P<store>s3|gs|az)://(?P<path>.+)", re.IGNORECASE)
CHUNK = 8 << 20


def is_one(path: str) -> bool:
    """Whether a path is in a cloud's store."""
    return STORES.fullmatch(path) is not None


def fetch(path: str, endpoint: str | None, folder: Path, where: str, progress: Callable[[str], None]) -> list[Path]:
    """The files that the path or pattern names, copied into `folder`, in the order of their names. Raises SourceError."""
    found = STORES.fullmatch(path)
    assert found is not None
    try:
        store = _store(found["store"].lower(), endpoint)
        return [_copied(store, name, folder, progress) for name in _names(store, found["path"], path, where)]
    except SourceError:
        raise
    except Exception as error:  # noqa: BLE001  (each store has its own)
        said = redact(" ".join(str(error).split()))[:300]
        raise SourceError(
            f"{path} cannot be read: {said}; mend the path, or the environment's credentials.", where=where
        ) from None


def _store(kind: str, endpoint: str | None) -> Any:
    from pyarrow import fs

    if kind == "s3":
        if endpoint and (why_not := allowed(endpoint, ())):
            raise SourceError(f"endpoint: {why_not}.")
        scheme, _, host = (endpoint or "").rpartition("://")
        own = {"endpoint_override": host, "scheme": scheme, "force_virtual_addressing": False} if endpoint else {}
        return fs.S3FileSystem(**own, connect_timeout=10, request_timeout=60)
    if kind == "gs":
        return fs.GcsFileSystem()
    account = os.environ.get("AZURE_STORAGE_ACCOUNT")
    if not account:
        raise SourceError("the environment has no AZURE_STORAGE_ACCOUNT; set it to the name of the storage account.")
    return fs.AzureFileSystem(account_name=account, account_key=os.environ.get("AZURE_STORAGE_KEY"))


def _names(store: Any, path: str, shown: str, where: str) -> list[str]:
    from pyarrow import fs

    if not re.search(r"[*?\[]", path):
        listed = [store.get_file_info(path)]
        return _some([info.path for info in listed if info.type == fs.FileType.File], shown, where)
    base = re.split(r"[*?\[]", path, maxsplit=1)[0].rpartition("/")[0]
    deep = "/" in path[len(base) + 1 :]
    fits = re.compile(translate(path.replace("**/", "*")))
    listed = store.get_file_info(fs.FileSelector(base, recursive=deep))
    return _some(sorted(i.path for i in listed if i.type == fs.FileType.File and fits.match(i.path)), shown, where)


def _some(names: list[str], shown: str, where: str) -> list[str]:
    if not names:
        raise SourceError(f"no file matches {shown}; put the export there or mend `path`.", where=where)
    return names


def _copied(store: Any, name: str, folder: Path, progress: Callable[[str], None]) -> Path:
    progress(f"fetching {name}")
    target = folder / f"{len(list(folder.glob('*')))}" / name.rpartition("/")[2]
    target.parent.mkdir(parents=True)
    with store.open_input_stream(name, compression=None) as source, target.open("wb") as out:
        while chunk := source.read(CHUNK):
            out.write(chunk)
    return target
