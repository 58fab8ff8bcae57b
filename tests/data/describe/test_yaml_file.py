import pytest

from rs3l_data.describe.load import load_config
from rs3l_data.describe.yaml_file import read_yaml
from rs3l_data.errors import InputFileError


def said(path):
    with pytest.raises(InputFileError) as caught:
        read_yaml(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nseed: 1\nseed: 2\n", "line 3: the key 'seed' stands in line 2 already"),
        ("hard:\n  pt: [1, 2]\n  pt: [3, 4]\n", "line 3: the key 'pt' stands in line 2 already"),
        ("a: {x: 1, 'x': 2}\n", "line 1: the key 'x' stands in line 1 already"),
        ("- a: 1\n- {b: 1, b: 1}\n", "line 2: the key 'b'"),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "my.yaml"
    path.write_text(text)
    assert said(path).startswith(f"{path}: {message}")
    with pytest.raises(InputFileError, match="remove one of the two"):
        load_config(path)


def test_equal_keys_of_different_mappings_and_merged_ones_are_fine(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("base: &b {x: 1, y: 2}\nother: {<<: *b, x: 3}\nlist: [{x: 1}, {x: 2}]\n")
    found = read_yaml(path)
    assert found["other"] == {"x": 3, "y": 2}
    assert found["list"] == [{"x": 1}, {"x": 2}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1\n", "line 2, column 1: expected ',' or ']', but got the end of the text"),
        (b"a: 1\nb: 2: 3\n", "line 2, column 5: mapping values are not allowed here"),
        (b"a: 1\nb: x\x01\n", "line 2, column 5: a character that YAML does not allow, '\\x01'"),
        (b"name: a\nlabel: \xe9\n", "line 2: not UTF-8, found the byte 0xe9"),
        (b"a: 1\nname: 2026-99-99\n", "not a YAML file: line 2, column 7: month must be in 1..12"),
        pytest.param(b"[" * 1_000, "not a YAML file", id="too deep"),
        (b"? {a: 1}\n: 2\n", "not a YAML file"),
        (b'a: "\\UFFFFFFFF"\n', "not a YAML file"),
        (b"- a\nb: 1\n", "expected the block end, but found '?' (while parsing a block collection"),
        (b"a: 1\n---\nb: 2\n", "line 2, column 1: expected a single document in the stream, but"),
    ],
)
def test_what_is_no_yaml_is_told_in_one_line_with_its_place(tmp_path, content, message):
    path = tmp_path / "my.yaml"
    path.write_bytes(content)
    told = said(path)
    assert message in told
    assert told.startswith(f"{path}: ")
    assert "\n" not in told
    assert "<" not in told


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "file").touch()
    assert said(tmp_path / "none.yaml") == f"{tmp_path}/none.yaml: no such file"
    assert said(tmp_path) == f"{tmp_path}: a folder, expected a file"
    assert "is a file, not a folder" in said(tmp_path / "file/my.yaml")
