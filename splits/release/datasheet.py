"""DATASHEET.md: Gebru et al., Datasheets for Datasets (2021), from the release's own facts."""

from __future__ import annotations

from splits.release.account import Account, account
from splits.release.citation import creators_of
from splits.release.material import Material

#: The seven sections, in their order.
SECTIONS = (
    "Motivation",
    "Composition",
    "Collection process",
    "Preprocessing, cleaning, labelling",
    "Uses",
    "Distribution",
    "Maintenance",
)


def datasheet(material: Material) -> str:
    """Return the datasheet; every question has an answer, if only that it is not recorded."""
    told = account(material)
    answers = (
        _motivation(material),
        _composition(material, told),
        _collection(material, told),
        _labelling(told),
        _uses(told),
        _distribution(material, told),
        _maintenance(material, told),
    )
    spec = material.spec
    head = (
        f"# Datasheet: {spec.title} {spec.version}\n\n"
        "The questions are those of Gebru et al., *Datasheets for Datasets* (Communications of the "
        "ACM, 2021). Answers come from the release's tables and provenance; what these do not hold "
        "is said to be unknown.\n"
    )
    if spec.simulated:
        head += "\n**The ratings were given by simulated people. This is no data about music.**\n"
    return head + "".join(
        f"\n## {title}\n" + "".join(f"\n**{question}** {text}\n" for question, text in asked)
        for title, asked in zip(SECTIONS, answers, strict=True)
    )


def _motivation(material: Material) -> list[tuple[str, str]]:
    spec = material.spec
    purpose = spec.description or "Its creators gave no description."
    creators = ", ".join(name for name, _ in creators_of(spec)) if spec.creators else "Not named."
    return [
        ("For what purpose was it created?", purpose),
        ("Who created it?", creators),
        ("Who funded it?", "Not recorded."),
    ]


def _composition(material: Material, told: Account) -> list[tuple[str, str]]:
    spec, found = material.spec, material.found
    labels = int((found.y >= 0).sum())
    relations = "Clips name their recording, artist, album and duplicate group."
    return [
        ("What do the instances represent?", "Excerpts of music recordings, with labels."),
        (
            "How many instances are there?",
            f"{len(found.clips)} clips, {labels} labels of {len(spec.classes)} classes "
            f"({', '.join(spec.classes)}), {len(found.ratings)} ratings.",
        ),
        ("Is it a sample of a larger set?", f"Yes. {told.selection}"),
        ("What data does each instance consist of?", f"{told.sources} {told.cutting}"),
        ("Is there a label?", "Present, absent or unknown for each class, with the answers behind"
         " it."),
        ("Is any information missing?", f"{told.missing} {told.left_out}"),
        ("Are relations between instances made explicit?", relations),
        ("Are there recommended splits?", told.splitting),
        ("Are there errors, noise or redundancies?", f"{told.quality} {told.duplicates}"),
        ("Is it self-contained?", "Yes: audio, labels, documentation and tools are all in it."),
        ("Does it contain confidential or offensive data?", "It was not searched for such. Songs "
         "may have lyrics of any kind; whether they are explicit is not recorded."),
        ("Does it relate to people?", told.personal),
    ]  # fmt: skip


def _collection(material: Material, told: Account) -> list[tuple[str, str]]:
    when = f"Answers were given from {told.days[0]} to {told.days[1]}." if told.days else ""
    return [
        ("How was the data acquired?", f"{told.sources} {told.asking}"),
        ("What was the sampling strategy?", told.selection),
        ("Who was involved, and how were they compensated?", told.people),
        ("Who are they?", told.demographics),
        ("Over what time was it collected?", when or "No answer has a date."),
        ("Was there an ethical review?", "Not recorded."),
        (
            "Did the people concerned consent?",
            "There is nobody to ask."
            if material.spec.simulated
            else "Those who answered did so on a platform that told them what becomes of their "
            "answers. Artists chose the licence of their recording.",
        ),
    ]


def _labelling(told: Account) -> list[tuple[str, str]]:
    return [
        ("Was the sound processed?", told.cutting),
        ("How was it labelled?", f"{told.asking} {told.per_item} {told.deciding}"),
        ("What did machines do?", told.machine),
        ("Is the raw data saved?", "Every answer is in parquet/ratings.parquet. The whole "
         "recordings are not released; ATTRIBUTION.csv says where they were found."),
        ("Is the software available?", "Clips, labels and this release were made by Consonance, "
         "which is open source; versions stand in manifest.json."),
    ]  # fmt: skip


def _uses(told: Account) -> list[tuple[str, str]]:
    return [
        ("Has it been used already?", "Not recorded."),
        ("What could it be used for?", " ".join(told.uses)),
        ("What about it may affect future uses?", " ".join((*told.biases, *told.limits[:-1]))),
        ("For what should it not be used?", told.limits[-1]),
    ]


def _distribution(material: Material, told: Account) -> list[tuple[str, str]]:
    spec = material.spec
    where = f"On its page, {spec.homepage}." if spec.homepage else "By whoever runs the platform."
    when = f"It is dated {spec.created}." if spec.created else "No date is recorded."
    return [
        ("How is it distributed?", f"{where} As a folder and as a tar archive."),
        ("When?", when),
        ("Under which licence?", told.rights),
        ("Do third parties restrict it?", "Each recording's licence does; ATTRIBUTION.csv has them "
         "all."),
        ("Are there export controls?", "None are known."),
    ]  # fmt: skip


def _maintenance(material: Material, told: Account) -> list[tuple[str, str]]:
    spec = material.spec
    contact = (
        f"The creators, by the release's page ({spec.homepage})."
        if spec.homepage
        else "The creators; no address is recorded."
    )
    return [
        ("Who maintains it, and how can they be reached?", contact),
        ("Is there an erratum?", "Wrong labels that were reported are listed on its page."),
        ("Will it be updated?", told.upkeep),
        ("Are there limits on how long data of people is kept?", "Whoever answered may have their "
         "account erased: their pseudonym in later releases then differs, and nothing leads from "
         "one to the other."),
        ("Are older versions kept?", "Yes; every version stays where it is."),
        ("Can others contribute?", "By rating on the platform, or by reporting a wrong label."),
    ]  # fmt: skip
