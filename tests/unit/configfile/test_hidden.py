"""joblet-config.yml: what it hides from jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from joblet.config import (
    SYSTEM_FOLDERS,
)
from joblet.configfile.server import read_server_config
from support.serverfile import SECURITY, read


@pytest.mark.usefixtures("folder")
class TestHidden:
    """What a job would see through its read-only folders, and must not."""

    def test_nothing_is_hidden_that_jobs_do_not_see(self) -> None:
        """A configuration outside of the exposed folders needs no cover; /etc/joblet always has one."""
        assert read("").runner.hidden == ("/etc/joblet",)

    def test_the_folder_of_the_configuration_is_hidden(self, folder: Path) -> None:
        """A folder that jobs see loses the configuration's own folder, state and named keys included."""
        shown = folder.parent
        config = read(f"stateDir: {shown}/state\nfilesystem:\n  readOnly: [{shown}]\n  hidden: [/root]\n")

        assert config.runner.read_only == (str(shown),)
        assert config.runner.hidden == (
            "/root",
            *sorted([str(folder), f"{folder}/joblet-config.yml", f"{folder}/server.key", f"{shown}/state"]),
        )

    def test_a_folder_that_jobs_are_meant_to_see_stays_visible(self, folder: Path) -> None:
        """A configuration right in an exposed folder hides its files, not the folder."""
        config = read(f"filesystem:\n  readOnly: [{folder}]\n")

        assert config.runner.hidden == (f"{folder}/joblet-config.yml", f"{folder}/server.key")

    def test_a_link_does_not_uncover_the_folder(self, folder: Path) -> None:
        """A configuration reached through a symbolic link hides the folder that it is really in."""
        real = folder / "real"
        real.mkdir()
        for name in ("server.pem", "server.key", "ca.pem"):
            (folder / name).rename(real / name)
        (real / "joblet-config.yml").write_text(SECURITY + f"filesystem: {{readOnly: [{folder}]}}\n")
        (folder / "link").symlink_to(real)

        assert str(real) in read_server_config(folder / "link/joblet-config.yml").runner.hidden

    def test_system_folders_are_the_default(self) -> None:
        """Without `filesystem.readOnly` a job sees the system folders."""
        assert read("").runner.read_only == SYSTEM_FOLDERS
