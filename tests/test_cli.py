import io
import json
from pathlib import Path

import pytest

from bot.cli import main


def test_ask_answers_with_the_clause(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "ai ký kế hoạch 487"]) == 0
    assert "(Kế hoạch 487/KH-LĐLĐ, phần đầu)" in capsys.readouterr().out


def test_ask_jsonl_takes_plain_lines_and_objects(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('kế hoạch gửi cho những nơi nào\n{"text": "mai trời mưa không"}\n'))
    assert main(["ask", "--jsonl"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["citations"][0] == {"document": "487/KH-LĐLĐ", "section": "noi_nhan"}
    assert second["kind"] == "out_of_scope"
    assert second["citations"] == []


def test_evaluate_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text(json.dumps({"text": "menu", "kind": "menu"}) + "\n", encoding="utf-8")
    assert main(["evaluate", str(file)]) == 0
    assert "100.0 %  (1 of 1)" in capsys.readouterr().out


def test_evaluate_names_a_bad_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text('{"text": "menu", "kind": "nonsense"}\n', encoding="utf-8")
    assert main(["evaluate", str(file)]) == 1
    assert "line=1" in capsys.readouterr().err


def test_content_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["content", "check"]) == 0
    assert "content is fine" in capsys.readouterr().out


def test_bad_arguments_exit_2() -> None:
    with pytest.raises(SystemExit) as stop:
        main(["ask"])
    assert stop.value.code == 2
