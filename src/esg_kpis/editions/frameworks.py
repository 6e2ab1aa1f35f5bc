"""Which disclosure frameworks an edition answers, and where the report answers codes that are no KPI: `[[framework]]` in edition.toml, and `index.yaml`."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal, Self

from pydantic import field_validator, model_validator

from esg_kpis.editions.entry import Entry
from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.frameworks import HOMES, Framework, carried, codes_written, framework_named, homes_of, next_of, unknown_code

_PAGES = re.compile(r"\d+(-\d+)?(, \d+(-\d+)?)*")
_KEY_OF_TEXT: Mapping[str, str] = {"reported": "where or pages", "zero": "where or pages"}


class FrameworkUse(Entry):
    """A framework that an edition answers. `early`: it is answered before the years it is for."""

    id: str
    early: bool = False

    @field_validator("id")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            framework_named(value)
        except UsageProblem as problem:
            raise ValueError(str(problem)) from problem
        return value


class Answer(Entry):
    """Where, or why not, the report answers codes. Of codes that KPIs answer it says the place only: their cells say the rest.

    `zero` is a reported figure: the report says that there was none. `framework` names the one the codes are of, where the edition does not name it.
    """

    codes: tuple[str, ...]
    framework: str | None = None
    status: Literal["reported", "zero", "not_applicable", "not_material", "not_collected"] = "reported"
    where: str = ""
    pages: str = ""
    text: str = ""

    @field_validator("pages", mode="before")
    @classmethod
    def _pages(cls, value: object) -> object:
        text = str(value).replace("–", "-") if isinstance(value, int | str) and not isinstance(value, bool) else value
        if isinstance(text, str) and text and not _PAGES.fullmatch(text):
            raise ValueError(f"'{value}' are no pages; write them as 61-63, 70")
        return text

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.codes or any(not code.strip() for code in self.codes):
            raise ValueError("an answer needs at least one code")
        if self.status in _KEY_OF_TEXT and not (self.where or self.pages):
            raise ValueError(f"{', '.join(self.codes)}: what is {self.status} needs {_KEY_OF_TEXT[self.status]}")
        if self.status != "reported" and not self.text.strip():
            raise ValueError(f"{', '.join(self.codes)}: {self.status.replace('_', ' ')} needs a text that says why")
        return self


class OwnIndexError(Entry):
    """A mistake in the index that the report itself prints: the code, what is printed, what it ought to be, and where."""

    code: str
    printed: str
    ought: str
    where: str


class ContentIndex(Entry):
    """An `index.yaml`."""

    answers: tuple[Answer, ...] = ()
    own_index: tuple[OwnIndexError, ...] = ()


def check_frameworks(uses: Iterable[FrameworkUse], newest: date, where: str) -> None:
    """Whether the frameworks of an edition may stand side by side, and are for its newest period, which begins on `newest`.

    Raises:
        InputProblem: if one is named twice, two share codes, or one is too new or too old.
    """
    seen: dict[str, str] = {}
    for use in uses:
        framework = framework_named(use.id)
        if other := next((seen[code] for code in framework.codes if code in seen), None):
            problem = f"The framework '{use.id}' is named twice." if other == use.id else f"The frameworks '{other}' and '{use.id}' share codes."
            raise InputProblem(problem, where=where, mend="An edition answers one version of a framework; `esg-kpis index --framework` shows it by another.")
        if framework.applies_from > newest and not use.early:
            raise InputProblem(
                f"The framework '{use.id}' is for years from {framework.applies_from}, the newest period begins on {newest}.", where=where,
                mend="Name the version before it, or say `early = true`.",
            )  # fmt: skip
        after = next_of(framework)
        if after is not None and after.applies_from <= newest:
            raise InputProblem(f"The framework '{use.id}' is followed by '{after.id}' for years from {after.applies_from}.", where=where, mend=f"Name '{after.id}'.")
        seen |= dict.fromkeys(framework.codes, use.id)


def check_codes(kpi_id: str, written: Mapping[str, str | None], where: str) -> None:
    """Whether the codes that a KPI carries exist, each in the framework its key is for.

    Args:
        kpi_id: The KPI.
        written: Key (`hkex`, `hkex_2025`, `gri`, `sasb`) to the codes as written.
        where: The file.

    Raises:
        InputProblem: naming the code, near misses, and the version that has it.
    """
    for key, text in written.items():
        for code in codes_written(text or ""):
            if wrong := unknown_code(code, HOMES[key]):
                raise InputProblem(f"KPI '{kpi_id}': {key}: {wrong}", where=where, mend="docs/frameworks.md lists the frameworks.")


def framework_of(code: str, answer: Answer, uses: Iterable[FrameworkUse]) -> str | None:
    """The framework that a code of an answer is of; None if it is of none."""
    named = (answer.framework,) if answer.framework else tuple(use.id for use in uses)
    return next((name for name in named if code in framework_named(name).codes), None)


def check_index(index: ContentIndex, uses: tuple[FrameworkUse, ...], answered: Mapping[str, Mapping[str, str]], where: str) -> None:
    """Whether the codes of an `index.yaml` exist, stand once, and do not speak against KPIs.

    Args:
        index: What was read.
        uses: The frameworks the edition names.
        answered: Framework id to its codes that KPIs answer, each with one of these KPIs.
        where: The file.

    Raises:
        InputProblem: if not.
    """
    seen: set[tuple[str, str]] = set()
    for answer in index.answers:
        if answer.framework is not None:
            try:
                framework_named(answer.framework)
            except UsageProblem as problem:
                raise InputProblem(problem.what, where=where, mend=problem.mend) from problem
        for code in answer.codes:
            found = framework_of(code, answer, uses)
            if found is None:
                named = (answer.framework,) if answer.framework else tuple(use.id for use in uses)
                raise InputProblem(unknown_code(code, named) or f"'{code}' is unknown.", where=where, mend="Name the framework in edition.toml, or as `framework` beside the codes.")
            if (found, code) in seen:
                raise InputProblem(f"The code '{code}' of {found} is answered twice.", where=where, mend="Keep one answer; `where` may name several sections.")
            seen.add((found, code))
            if answer.status != "reported" and (kpi := answered.get(found, {}).get(code)):
                raise InputProblem(
                    f"The code '{code}' is {answer.status.replace('_', ' ')} here, and the KPI '{kpi}' answers it.", where=where,
                    mend="Say `not_collected` in kpis.yaml, or take the code from the KPI; here only its place.",
                )  # fmt: skip


def codes_of(written: Mapping[str, str | None], framework: Framework) -> tuple[str, ...]:
    """The codes of a framework that a KPI answers, by what it carries under its keys.

    A key that is written is taken for its own version; for others the nearest version before counts, or else the one after, and its codes are followed to this one.
    An empty text under `hkex_2025` says that nothing of that version is answered.
    """
    homes = [(home, codes_written(text)) for key, versions in homes_of(framework.family).items() for home in versions if (text := written.get(key)) is not None]
    at_most = [item for item in homes if item[0].applies_from <= framework.applies_from]
    day = max((home.applies_from for home, _ in at_most), default=min((home.applies_from for home, _ in homes), default=None))
    chosen = [item for item in homes if item[0].applies_from == day]
    found = (target for home, codes in chosen for code in codes if code in home.codes for target in carried(code, home, framework))
    return tuple(dict.fromkeys(found))
