"""Warm kernels for jupyter_client: each forked from a server in which the libraries are imported already."""

from __future__ import annotations

import os
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from reportkit import forks
from reportkit.forks import Family, NoFork

NAME = "reportkit-warm"  # its entry point in jupyter_client.kernel_provisioners


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel by a fork; by a command, as every local kernel, where there is no fork server."""

    async def launch_kernel(self, cmd: list[str], **settings: Any) -> KernelConnectionInfo:
        """How to connect to the kernel that now starts."""
        family = getattr(self.parent, "family", None) or Family()
        try:
            forked = family.start(forks.become, cmd, settings["env"], settings["cwd"], _name(settings.get("stdout")))
        except NoFork:
            return await super().launch_kernel(cmd, **settings)
        self.process = forked  # type: ignore[assignment]  # it has as much of a Popen's face as is looked at
        self.pid = self.pgid = forked.pid
        return self.connection_info


def _name(log: Any) -> str:
    return str(getattr(log, "name", os.devnull))
