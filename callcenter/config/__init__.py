"""What people write down, as frozen values: the folder of YAML files, and the settings of this machine.

`load_configuration` and `check_configuration` read queues, flows, calendars, numbers and prompts; `load_settings`
reads callcenter.toml and the environment; `install_starter` writes an example to begin with. Everything wrong is told
at once, where it stands, as ConfigurationError.
"""

from callcenter.config.folder import (
    Checked,
    check_configuration,
    check_files,
    check_folder,
    load_configuration,
    read_configuration,
)
from callcenter.config.graph import Flaw, flaws
from callcenter.config.settings import Settings
from callcenter.config.settings_sources import load_settings
from callcenter.config.starter import install_starter

__all__ = [
    "Checked",
    "Flaw",
    "Settings",
    "check_configuration",
    "check_files",
    "check_folder",
    "flaws",
    "install_starter",
    "load_configuration",
    "load_settings",
    "read_configuration",
]
