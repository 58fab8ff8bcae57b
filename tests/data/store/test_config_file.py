import errno
import os

import pytest

from rs3l_data.describe.config import Config
from rs3l_data.describe.strict import validate
from rs3l_data.describe.yaml_file import read_yaml
from rs3l_data.errors import StorageError
from rs3l_data.store.config_file import save
from tests.data.conftest import make_config


def test_a_saved_config_is_read_back(tmp_path):
    config = make_config()
    save(config, tmp_path / "run" / "config.yaml")
    assert validate(Config, read_yaml(tmp_path / "run" / "config.yaml"), "saved") == config


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "config.yaml"
    save(make_config(), path)
    before = path.read_bytes()

    def half_of_it(file, content):
        with file.open("wb") as half:
            half.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(type(path), "write_bytes", half_of_it)
    with pytest.raises(StorageError, match=r"config\.yaml: does not fit: the disk or your quota"):
        save(make_config(events=7), path)
    assert [one.name for one in tmp_path.iterdir()] == ["config.yaml"]
    assert path.read_bytes() == before
