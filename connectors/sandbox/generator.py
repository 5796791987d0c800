"""Makes up complaints the way citizens of Ho Chi Minh City write them: seeded, synthetic, varied.

Pure: the same seed, name and instant give the same drafts. Texts, streets and wards are data files; nothing here knows
a wire format or a store.
"""

from __future__ import annotations

import csv
import math
import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.catalogue import CATEGORIES, DATA, read_toml
from connectors.sandbox.complaints import LOCAL, Citizen, Draft, Spot, Stage

_HOME = "26929"  # phường Bình Thạnh, where the demo officer works
_NEIGHBOURS = frozenset({"26944", "26905", "26956", "26911", "26890", "27058"})
_PAPERWORK = frozenset({"procedures", "conduct"})
_SEEDED_PERIOD = timedelta(days=8)  # six working days and a weekend
_STAGES = (Stage.WAITING, Stage.ACCEPTED, Stage.IN_PROGRESS, Stage.ANSWERED, Stage.REFUSED, Stage.TRANSFERRED)
_STAGE_WEIGHTS = (70, 10, 8, 8, 2, 2)
_CHANNELS = {"hotline-1022": ("PHONE", "PHONE", "MOBILE", "WEB", "EMAIL", "SMS")}
_METRES_PER_DEGREE = 111_320


@dataclass(frozen=True, slots=True)
class Ward:
    """An old ward that lies wholly inside one ward of today, with a circle that lies inside both names."""

    code: str
    name: str
    old_code: str
    old_name: str
    district_code: str
    district: str
    lat: float
    lng: float
    radius_m: int
    streets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that happens at a place. Telling it twice gives two complaints about the same thing."""

    category: str
    title: str
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """One problem at one spot, from which complaints are written."""

    problem: Problem
    telling: int  # which of the problem's tellings the first complaint uses
    ward: Ward
    house: str
    street: str
    alley: str
    since: str
    lat: float
    lng: float


class Generator:
    """Complaints for one seed."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._wards = _read_wards()
        self._ward_weights = _weights(self._wards)
        self._problems = _read_problems()
        self._phrases: dict[str, Any] = read_toml("phrases.toml")

    def seed_drafts(self, sources: Sequence[str], *, count: int, at: datetime) -> list[tuple[str, Draft]]:
        """`count` complaints for each source, sent during the days before `at`, oldest first.

        About one in twelve tells of a problem that another source has been told of as well.
        """
        drafts = []
        for source in sources:
            for number in range(count):
                chance = self._chance(f"{source}:{number}")
                case = self._case(chance)
                sent_at = _some_time_before(at, chance)
                drafts.append((source, self._draft(case, source, sent_at, chance, at=at)))
                others = [other for other in sources if other != source]
                if others and number and number % 12 == 0:
                    later = min(at, sent_at + timedelta(minutes=chance.randint(20, 600)))
                    other = chance.choice(others)
                    drafts.append((other, self._draft(case, other, later, chance, at=at, again=True)))
        return sorted(drafts, key=lambda pair: (pair[1].sent_at, pair[0]))

    def one(self, source: str, *, name: str, at: datetime) -> Draft:
        """A new complaint, waiting, sent at `at`; `name` tells it from others of the same seed."""
        chance = self._chance(f"{source}:{name}")
        draft = self._draft(self._case(chance), source, at, chance, at=at)
        return replace(draft, stage=Stage.WAITING, handled_at=None, answer="")

    def ward_names(self) -> dict[str, str]:
        """Code and name of the wards of today that complaints come from, by name."""
        return {ward.code: ward.name for ward in sorted(self._wards, key=lambda ward: ward.name)}

    def addition(self, *, name: str) -> str:
        """What a citizen adds to a complaint later."""
        return str(self._chance(f"edit:{name}").choice(self._phrases["edits"]))

    def _chance(self, name: str) -> random.Random:
        return random.Random(f"{self._seed}:{name}")

    def _case(self, chance: random.Random) -> _Case:
        categories = list(CATEGORIES.values())
        category = chance.choices(categories, weights=[c.weight for c in categories])[0]
        ward = chance.choices(self._wards, weights=self._ward_weights)[0]
        house = chance.choice((f"{chance.randint(1, 480)}", f"{chance.randint(2, 300)}/{chance.randint(1, 60)}"))
        lat, lng = _near(ward, chance)
        problem = chance.choice([p for p in self._problems if p.category == category.code])
        return _Case(
            problem=problem,
            telling=chance.randrange(len(problem.tell)),
            ward=ward,
            house=house,
            street=chance.choice(ward.streets),
            alley=f"{chance.randint(2, 420)}",
            since=chance.choice(self._phrases["since"]),
            lat=lat,
            lng=lng,
        )

    def _draft(
        self, case: _Case, source: str, sent_at: datetime, chance: random.Random, *, at: datetime, again: bool = False
    ) -> Draft:
        stage = chance.choices(_STAGES, weights=_STAGE_WEIGHTS)[0]
        handled_at = sent_at + (at - sent_at) * chance.uniform(0.1, 0.9)
        handled = stage is not Stage.WAITING
        return Draft(
            title=case.problem.title,
            text=self._text(case, chance, again=again),
            category=case.problem.category,
            sent_at=sent_at,
            citizen=self._citizen(chance),
            spot=_spot(case, chance),
            photos=_photos(case, chance),
            channel=chance.choice(_CHANNELS.get(source, ("WEB", "MOBILE"))),
            stage=stage,
            handled_at=handled_at.replace(microsecond=0) if handled else None,
            answer=self._answer(stage, case.problem.category, chance),
        )

    def _answer(self, stage: Stage, category: str, chance: random.Random) -> str:
        if stage is Stage.ANSWERED:
            fitting = "office_answers" if category in _PAPERWORK else "answers"
            return str(chance.choice(self._phrases[fitting]))
        return str(chance.choice(self._phrases["refusals"])) if stage is Stage.REFUSED else ""

    def _text(self, case: _Case, chance: random.Random, *, again: bool) -> str:
        say = self._phrases
        about = "office_" if case.problem.category in _PAPERWORK else ""
        asks, anger, details = (say[about + part] for part in ("asks", "anger", "details"))
        core = case.problem.tell[(case.telling + again) % len(case.problem.tell)]
        parts = {
            "plain": [core, chance.choice(asks)],
            "polite": [chance.choice(say["openings"]), core, chance.choice(details), chance.choice(asks)],
            "angry": [core, chance.choice(anger)],
            "short": [core],
            "long": [
                chance.choice(say["openings"]),
                core,
                *chance.sample(details, k=4),
                chance.choice(asks),
                chance.choice(say["thanks"]),
            ],
        }
        manner = chance.choices(list(parts), weights=(30, 25, 15, 15, 15))[0]
        glue = "\n" if manner == "long" and chance.random() < 0.5 else " "
        text = glue.join(parts[manner]).format(
            street=case.street, house=case.house, alley=case.alley, since=case.since, ward=_today(case.ward.name)
        )
        return self._spelling(chance)(text, chance)

    def _spelling(self, chance: random.Random) -> Callable[[str, random.Random], str]:
        habits: list[Callable[[str, random.Random], str]] = [_as_it_is, _without_accents, self._teencode, _with_typos]
        return chance.choices(habits, weights=(66, 14, 10, 10))[0]

    def _teencode(self, text: str, chance: random.Random) -> str:
        for word, short in self._phrases["teencode"].items():
            text = re.sub(rf"\b{word}\b", short, text)
        return text.lower() if chance.random() < 0.5 else text

    def _citizen(self, chance: random.Random) -> Citizen:
        say = self._phrases
        name = " ".join(chance.choice(say[part]) for part in ("surnames", "middles", "given"))
        phone = chance.choice(say["phone_prefixes"]) + f"{chance.randrange(1_000_000):06d}"
        written = chance.choices(
            (phone, f"{phone[:4]} {phone[4:7]} {phone[7:]}", f"+84{phone[1:]}"), weights=(8, 1, 1)
        )[0]
        mail = f"{_without_accents(name, chance).lower().replace(' ', '.')}{chance.randint(1, 99)}@example.com"
        ward = chance.choice(self._wards)
        return Citizen(
            name=name,
            phone=written if chance.random() < 0.92 else "",
            email=mail if chance.random() < 0.4 else "",
            address=f"{chance.randint(1, 400)} {chance.choice(ward.streets)}" if chance.random() < 0.6 else "",
            anonymous=chance.random() < 0.12,
        )


def _read_wards() -> tuple[Ward, ...]:
    """Wards with known streets."""
    streets = read_toml("streets.toml")
    wards = []
    with (DATA / "wards.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            names = (
                streets["old_wards"].get(row["old_code"])
                or streets["wards"].get(row["code"])
                or streets["districts"].get(row["district_code"], [])
            )
            if names:
                wards.append(
                    Ward(
                        code=row["code"],
                        name=row["name"],
                        old_code=row["old_code"],
                        old_name=row["old_name"],
                        district_code=row["district_code"],
                        district=row["district"],
                        lat=float(row["lat"]),
                        lng=float(row["lng"]),
                        radius_m=int(row["radius_m"]),
                        streets=tuple(names),
                    )
                )
    return tuple(wards)


def _weights(wards: Sequence[Ward]) -> list[float]:
    """Three tenths for phường Bình Thạnh, two for its neighbours, the rest for the city."""
    home = sum(ward.code == _HOME for ward in wards)
    near = sum(ward.code in _NEIGHBOURS for ward in wards)
    far = len(wards) - home - near
    return [3 / home if w.code == _HOME else 2 / near if w.code in _NEIGHBOURS else 5 / far for w in wards]


def _read_problems() -> tuple[Problem, ...]:
    return tuple(
        Problem(category, one["title"], tuple(one["tell"]))
        for category, some in read_toml("problems.toml").items()
        for one in some
    )


def _near(ward: Ward, chance: random.Random) -> tuple[float, float]:
    """A point inside the ward's circle, as exact as a phone gives it."""
    distance, angle = ward.radius_m * math.sqrt(chance.random()), chance.uniform(0, 2 * math.pi)
    north, east = distance * math.sin(angle), distance * math.cos(angle)
    lat = ward.lat + north / _METRES_PER_DEGREE
    return round(lat, 6), round(ward.lng + east / (_METRES_PER_DEGREE * math.cos(math.radians(lat))), 6)


def _spot(case: _Case, chance: random.Random) -> Spot:
    ward = case.ward
    old_wording = chance.random() < 0.55
    known = chance.random() < 0.7
    return Spot(
        text=_address(case, chance, old_wording=old_wording),
        house=case.house,
        street=case.street,
        code=ward.code,
        name=ward.name,
        old_code=ward.old_code,
        old_name=ward.old_name,
        district_code=ward.district_code,
        district=ward.district,
        lat=case.lat if known else None,
        lng=case.lng if known else None,
        old_wording=old_wording,
    )


def _address(case: _Case, chance: random.Random, *, old_wording: bool) -> str:
    """The address as a citizen types it: "42/7 Đinh Bộ Lĩnh, P.26, Q. Bình Thạnh" and its many relatives."""
    start = chance.choice(
        (f"{case.house} {case.street}", f"{case.house} đường {case.street}", f"Gần {case.house} {case.street}")
    )
    if not old_wording:
        return chance.choice((f"{start}, {_today(case.ward.name)}", f"{start}, {_today(case.ward.name)}, TP.HCM"))
    ward, district = case.ward.old_name, case.ward.district
    short_ward = re.sub(r"^Phường (?=\d)", "P.", ward)
    short_district = re.sub(r"^Quận ", "Q. ", district).replace("Thành phố Thủ Đức", "TP. Thủ Đức")
    wordings = (f"{short_ward}, {short_district}", f"{_today(ward)}, {district[0].lower()}{district[1:]}, TP.HCM")
    return f"{start}, {chance.choice(wordings)}"


def _today(ward: str) -> str:
    """A ward's name inside a sentence."""
    return ward[0].lower() + ward[1:]


def _photos(case: _Case, chance: random.Random) -> tuple[str, ...]:
    if case.problem.category == "procedures":
        kinds: Sequence[str] = ("png",) if chance.random() < 0.2 else ()
    else:
        kinds = ["jpg"] * chance.choices((0, 1, 2), weights=(4, 4, 2))[0]
    return tuple(f"anh-{chance.randrange(16**8):08x}.{kind}" for kind in kinds)


def _some_time_before(at: datetime, chance: random.Random) -> datetime:
    """An instant within the seeded period, the last hours densest, rarely at night or on a weekend."""
    sent_at = at
    for _ in range(20):
        sent_at = at - _SEEDED_PERIOD * math.pow(chance.random(), 2.5)
        local = sent_at.astimezone(LOCAL)
        if (
            at - sent_at < timedelta(hours=3)
            or (local.weekday() < 5 and 6 <= local.hour < 22)
            or chance.random() < 0.12
        ):
            break
    return sent_at.replace(microsecond=0)


def _as_it_is(text: str, chance: random.Random) -> str:
    return text


def _without_accents(text: str, chance: random.Random) -> str:
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


def _with_typos(text: str, chance: random.Random) -> str:
    """Two pairs of neighbouring letters swapped and a space lost."""
    letters = list(text)
    for _ in range(2):
        place = chance.randrange(len(letters) - 1)
        if letters[place].isalpha() and letters[place + 1].isalpha():
            letters[place], letters[place + 1] = letters[place + 1], letters[place]
    spaces = [place for place, letter in enumerate(letters) if letter == " "]
    del letters[chance.choice(spaces)]
    return "".join(letters)
