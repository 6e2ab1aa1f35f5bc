"""People: dated spells and events of pseudonymous persons, and the counts that are made of them.

A row of these forms is about one person. It is read, checked and counted in one room, and only counts leave it.
"""

from esg_kpis.domains.definition import Domain, Form, FormColumn, Measure

NOT_STATED = "Not stated"
"""Stands for a blank level or profession."""

KEPT = ("country", "employment_type", "recognition")
"""Attributes that every count keeps apart."""

CROSSED = ("gender", "age_group", "level", "profession", "programme")
"""Attributes by which counts are made where an edition asks for it, alone or crossed. Each cross is a set of counts of its own."""

ATTRIBUTES = (*KEPT, *CROSSED)

OF_SPELLS = ("employees", "employees_month_ends", "employees_joined", "employees_left")
OF_TRAINING = ("employees_trained", "training_hours", "training_participants", "training_courses")
OF_INJURIES = ("work_injuries", "work_fatalities", "lost_days_injury")

PERSONS_BEHIND = {
    **{name: name for name in (*OF_SPELLS, "employees_trained", "training_participants", "work_injuries", "work_fatalities")},
    "training_hours": "training_participants", "lost_days_injury": "work_injuries",
}  # fmt: skip
"""The measure that counts the persons behind a measure: itself, or for hours and days those whose they are. Courses have nobody behind them."""

PART_OF = {"employees_trained": "employees", "work_fatalities": "work_injuries"}
"""Measures that count some of those whom another counts."""

DOMAIN = Domain(
    name="people",
    title="People",
    source="Human resources, by pseudonymous person key",
    counted=True,
    measures=(
        Measure("employees", "person", "stock", "Employees at the end of a day, heads; the last day employed counts"),
        Measure("employees_month_ends", "person", "flow", "Employees at each month-end, added up over the months"),
        Measure("employees_joined", "person", "event", "Persons whose employment began, whatever its type; a change of type is none"),
        Measure("employees_left", "person", "event", "Persons whose employment ended, by their last day and as they were on it"),
        Measure(
            "employees_trained", "person", "stock", "Employees of the last day of a period who took part in any training in it", per_period=True
        ),
        Measure("training_hours", "hour", "event", "Hours of training, by what the person was on the day of the course"),
        Measure("training_participants", "person", "event", "Different persons who took part in a period, each counted once a programme", per_period=True),
        Measure("training_courses", "course", "event", "Different courses held in a period, each counted once a programme", per_period=True),
        Measure("work_injuries", "case", "event", "Work-related injuries, the fatal ones included"),
        Measure("work_fatalities", "person", "event", "Work-related fatalities"),
        Measure("lost_days_injury", "day", "event", "Working days lost due to work-related injuries"),
    ),
)

_PERSON = FormColumn("person", "person", 'Pseudonymous key of the person; a staff number only where `keys = "hmac"` is declared')
_SITE = FormColumn("site_id", "site", "Site of the register")
_AS_THEY_ARE = (
    _SITE,
    FormColumn(
        "country", "country", "Country or territory of work, ISO 3166-1 alpha-2; the site's when left out", required=False, blank=True
    ),
    FormColumn("gender", "word", "Gender", words=("Female", "Male", "Other", "Undisclosed")),
    FormColumn("age_group", "word", "Age band, never an age or a birth date", words=("Under 30", "30-50", "Above 50")),
    FormColumn("level", "word", "Level", required=False, blank=True, words=("Senior", "Mid-Level", "Junior")),
    FormColumn("profession", "word", "Professional category", required=False, blank=True, words=("Technical", "Non-technical")),
    FormColumn("employment_type", "word", "Type of employment", words=("full_time", "part_time", "intern", "temporary", "other")),
)

FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form(
            "spells",
            "one person, as long as nothing about the person changes",
            (
                _PERSON,
                FormColumn("from", "date", "First day"),
                FormColumn("to", "date", "Last day, counted in; blank while it lasts", blank=True),
                *_AS_THEY_ARE,
            ),
            (*OF_SPELLS, *OF_TRAINING, *OF_INJURIES),
        ),
        Form(
            "snapshots",
            "one person employed on one day, such as a month-end",
            (_PERSON, FormColumn("date", "date", "Day of the snapshot"), *_AS_THEY_ARE),
            (*OF_SPELLS, *OF_TRAINING, *OF_INJURIES),
        ),
        Form(
            "movements",
            "one person who joins or leaves, beside snapshots",
            (
                _PERSON,
                FormColumn("date", "date", "First day of a joiner, last day of a leaver"),
                FormColumn("event", "word", "What happened", words=("joiner", "leaver")),
                *_AS_THEY_ARE,
            ),
            (*OF_SPELLS, *OF_TRAINING, *OF_INJURIES),
        ),
        Form(
            "training",
            "one person in one course on one day",
            (
                _PERSON,
                FormColumn("date", "date", "Day of the course; the last one of several"),
                FormColumn("course", "code", "Code of the course"),
                FormColumn("programme", "word", "Programme the course belongs to", required=False, blank=True),
                FormColumn("hours", "number", "Hours of this person in this course"),
            ),
            OF_TRAINING,
        ),
        Form(
            "injuries",
            "one work-related injury of one person",
            (
                FormColumn("case_id", "code", "Number of the case"),
                _PERSON,
                FormColumn("date", "date", "Day of the accident"),
                FormColumn("outcome", "word", "Outcome", words=("fatal", "lost_time", "no_lost_time")),
                FormColumn("lost_days", "number", "Working days lost"),
                FormColumn("recognition", "word", "What the authority decided", words=("recognised", "pending", "refused")),
            ),
            OF_INJURIES,
        ),
    )
}
"""What may be sent about people, and nothing else: a column that is not named here stops the file."""

WORDS = {column.name: column.words for form in FORMS.values() for column in form.columns if column.words}
"""Per column the words that hold unless a workspace declares others."""
