"""Make sure that the browser tests can run: find Chromium, or install Debian's where we may. Never fails a test run.

Prints one line when there is no browser and how to get one; the browser tests are then skipped and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def find() -> str | None:
    """Path of an installed Chromium, None when there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> None:
    """Install Debian's package, quietly; what goes wrong is seen by the browser still missing."""
    apt = ["apt-get", "install", "-y", "-qq"]
    for command in (["apt-get", "update", "-qq"], [*apt, "chromium-headless-shell"], [*apt, "chromium"]):
        if find() is not None:
            return  # the shell is smaller and faster; older releases of Debian have only the whole browser
        subprocess.run(  # noqa: S603  fixed commands
            command,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )


if __name__ == "__main__":
    if find() is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the browser tests", flush=True)
        install()
    if find() is None:
        print(
            "Browser tests will not run: there is no Chromium. Get it with: apt-get install chromium", file=sys.stderr
        )
