"""Draws docs/images/run.svg from the last results of this repository: `esg-kpis run`, then `python docs/pictures.py`."""

import io
import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

from esg_kpis.editions import read_editions
from esg_kpis.printed import check_editions
from pipelines.check_table import _lines
from pipelines.show_run import print_run

HERE = Path(__file__).parent
WIDTH = 100


def run_svg(root: Path, out: Path) -> str:
    """What a run prints, shortened in the middle, and a contradiction that `check-table` finds."""
    editions = read_editions(root / "editions")
    drawn = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False, force_terminal=True, color_system="truecolor")
    print_run(drawn, editions, out)
    text = Text.from_ansi(drawn.export_text(styles=True).replace(str(out), "data/out"))
    lines = list(text.split("\n"))
    first = next(number for number, line in enumerate(lines) if line.plain.startswith("Employee Turnover"))
    legend = next(number for number, line in enumerate(lines) if line.plain.startswith("= equals print"))
    picture = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    picture.print("[bold]$ make run[/]")
    for line in (*lines[:first], Text(" …"), *lines[legend:]):
        line.rstrip()
        picture.print(line, soft_wrap=True)
    own = [item for item in editions if item.id == "2023"]
    checked = check_editions(root / "editions", own, editions, own[0].published)
    block = "\n".join(_lines(checked, every=False)).split("\n\n")
    picture.print("[bold]$ esg-kpis check-table --edition 2023[/]")
    picture.print(Text(f"{block[2]}\n …"), soft_wrap=True)
    return without_addresses(picture.export_svg(title="esg-kpis", unique_id="run"))


def without_addresses(svg: str) -> str:
    """The picture with a font of the machine: who opens it asks nobody on the network for one."""
    return re.sub(r"src: (local\([^)]*\)),\s*url\([^;]*;", r"src: \1;", svg)


if __name__ == "__main__":
    (HERE / "images" / "run.svg").write_text(run_svg(HERE.parent, HERE.parent / "data" / "out"), encoding="utf-8")
