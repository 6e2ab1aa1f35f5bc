"""What an edition calls its KPIs, categories, units and tables in other languages than English, and in which tables a report prints them: `labels.yaml`."""

from pydantic import Field

from esg_kpis.editions.entry import Entry


class Words(Entry):
    """One label: English where it differs from the word in kpis.yaml, and Traditional Chinese. Left out, English is shown."""

    en: str | None = Field(default=None, min_length=1)
    zh: str | None = Field(default=None, min_length=1)


class BreakdownLabels(Entry):
    """Labels of a breakdown and of its categories, for all KPIs that have one of that name."""

    label: Words = Words()
    categories: dict[str, Words] = Field(default_factory=dict)


class TableLayout(Entry):
    """A table of the report: its name in other languages, and what it prints, in printed order.

    kpis: KPI ids; `kpi/breakdown` or `kpi/breakdown/category` where a table prints only a part. A KPI named alone stands there with all that no table names more closely.
    """

    en: str | None = Field(default=None, min_length=1)
    zh: str | None = Field(default=None, min_length=1)
    kpis: tuple[str, ...] = Field(min_length=1)


class Labels(Entry):
    """A `labels.yaml`. Tables are named as in the column `table` of published.csv, and stand in printed order.

    headline: KPI ids that the first page of the report site shows as cards, in order.
    """

    headline: tuple[str, ...] = ()
    kpis: dict[str, Words] = Field(default_factory=dict)
    breakdowns: dict[str, BreakdownLabels] = Field(default_factory=dict)
    units: dict[str, Words] = Field(default_factory=dict)
    tables: dict[str, TableLayout] = Field(default_factory=dict)

    def category_zh(self, breakdown: str, category: str) -> str | None:
        """A category in Chinese: its own label, or for `level|gender` those of its parts."""
        return self._category(breakdown, category, "zh")

    def category_en(self, breakdown: str, category: str) -> str:
        """A category in English: its own label, or the word of kpis.yaml."""
        return self._category(breakdown, category, "en") or category.replace("|", ", ")

    def _category(self, breakdown: str, category: str, language: str) -> str | None:
        own = self.breakdowns.get(breakdown, BreakdownLabels()).categories.get(category, Words())
        if (said := getattr(own, language)) is not None:
            return str(said)
        names, parts = breakdown.split("|"), category.split("|")
        if len(names) < 2 or len(names) != len(parts):
            return None
        words = [self._category(name, part, language) or (part if language == "en" else None) for name, part in zip(names, parts, strict=True)]
        return None if None in words else ("，" if language == "zh" else ", ").join(str(word) for word in words)
