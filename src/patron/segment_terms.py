"""What patron.toml can say about segments: groups of the user's own, each a readable rule over a customer's columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from patron.section import Section

Test = Literal["is", "is_not", "in", "above", "at_least", "below", "at_most", "between", "missing"]
Shape = Literal["all", "any", "not", "column"]
TESTS: Final[tuple[Test, ...]] = (
    "is",
    "is_not",
    "in",
    "above",
    "at_least",
    "below",
    "at_most",
    "between",
    "missing",
)
SHAPES: Final[tuple[Shape, ...]] = ("all", "any", "not", "column")
DEEPEST, MOST_CONDITIONS = 10, 100
_LARGEST: Final = 2**53  # whole numbers beyond it are not told apart by a 64-bit float
_ONE: Final = '{ column = "orders", at_least = 5 }'
_SEVERAL: Final = f"[ {_ONE}, … ]"
_ATTRIBUTES: Final = {"is": "is_", "in": "in_", "not": "not_"}


def _one_complaint(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:  # Any: whatever the file holds
    """One fault for a value that is none of the kinds, in place of one for each of them."""
    try:
        held = handler(value)
    except ValidationError as error:
        raise ValueError("write a number, a text in quotes, a day such as 2024-06-30, or true or false") from error
    if isinstance(held, int) and abs(held) > _LARGEST:
        raise ValueError(f"a number from -{_LARGEST} to {_LARGEST} can be compared")
    if isinstance(held, str) and "\0" in held:
        raise ValueError("a text cannot hold the sign of number 0")
    return held


def _list(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:  # Any: whatever the file holds
    """A list where one is due; what stands in it is judged by itself."""
    if not isinstance(value, list | tuple):
        raise ValueError("write a list, in square brackets")  # noqa: TRY004 (pydantic words a ValueError for the reader)
    return handler(tuple(value))


def _conditions(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:  # Any: whatever the file holds
    """Conditions where several are due; each is judged by itself."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"write a list of conditions: {_SEVERAL}")  # noqa: TRY004 (as above)
    return handler(tuple(value))


def _condition(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:  # Any: whatever the file holds
    """A condition where one is due."""
    if not isinstance(value, dict | Where):
        raise ValueError(f"write one condition, in braces: {_ONE}; for several, {{ all = {_SEVERAL} }}")  # noqa: TRY004
    return handler(value)


Scalar = Annotated[bool | int | float | str, WrapValidator(_one_complaint)]
Scalars = Annotated[tuple[Scalar, ...], WrapValidator(_list)]
Condition = Annotated["Where", WrapValidator(_condition)]
Conditions = Annotated[tuple[Condition, ...], WrapValidator(_conditions)]


class Where(Section):
    """One condition: all or any of several, not one, or a column with one comparison.

    A customer whose value is missing meets no comparison, ``is_not`` among them; so ``not`` of a comparison is met.
    Raises pydantic's ValidationError where a condition says nothing, two things, or something that is no comparison.
    """

    # An unknown word is refused below, where the known ones can be named as the file writes them.
    model_config = ConfigDict(extra="allow")

    all: Conditions | None = Field(None, description="every one of these conditions is met")
    any: Conditions | None = Field(None, description="at least one of these conditions is met")
    not_: Condition | None = Field(None, alias="not", description="this condition is not met")
    column: str | None = Field(
        None, description="the column that is looked at: a feature, or one of scores or segments"
    )
    is_: Scalar | None = Field(None, alias="is", description="the value is this")
    is_not: Scalar | None = Field(None, description="the value is there and is not this")
    in_: Scalars | None = Field(None, alias="in", description="the value is one of these")
    above: Scalar | None = Field(None, description="the value is more than this")
    at_least: Scalar | None = Field(None, description="the value is this or more")
    below: Scalar | None = Field(None, description="the value is less than this")
    at_most: Scalar | None = Field(None, description="the value is this or less")
    between: Scalars | None = Field(
        None, description="the value is from the first to the second of these, both included"
    )
    missing: bool | None = Field(None, description="true: there is no value; false: there is one")

    @property
    def shape(self) -> Shape:
        """Whether it is all or any of several conditions, not one, or a comparison of a column."""
        return next(shape for shape in SHAPES if self._said(shape) is not None)

    @property
    def parts(self) -> tuple[tuple[tuple[str, ...], Where], ...]:
        """The conditions in it, each with its place in the file under this one; none in a comparison."""
        if self.not_ is not None:
            return ((("not",), self.not_),)
        shape = self.shape
        held = self.all if shape == "all" else self.any
        return tuple(((shape, str(place)), part) for place, part in enumerate(held or ()))

    @property
    def test(self) -> Test:
        """Which comparison it makes; to be asked of a comparison only."""
        return next(test for test in TESTS if self._said(test) is not None)

    @property
    def limit(self) -> Scalar | tuple[Scalar, ...]:
        """What its column is compared with."""
        return self._said(self.test)

    @property
    def limits(self) -> tuple[Scalar, ...]:
        """The same as a tuple, of one value or of several."""
        limit = self.limit
        return limit if isinstance(limit, tuple) else (limit,)

    def walk(self, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Where]]:
        """This condition and all within it, each with its place in the file."""
        yield place, self
        for inner, part in self.parts:
            yield from part.walk((*place, *inner))

    def _said(self, word: str) -> Any:  # Any: conditions, names and values alike
        return getattr(self, _ATTRIBUTES.get(word, word))

    @model_validator(mode="after")
    def _says_one_thing(self) -> Where:
        known = (*SHAPES, *TESTS)
        for word in self.model_extra or {}:
            close = get_close_matches(word, known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
            raise ValueError(f"'{word}' is no word of a condition; {hint}")
        shapes = [shape for shape in SHAPES if self._said(shape) is not None]
        tests = [test for test in TESTS if self._said(test) is not None]
        if tests and not shapes:
            raise ValueError(f'{tests[0]} needs a column: {{ column = "orders", {tests[0]} = … }}')
        if len(shapes) != 1:
            given = " and ".join(shapes) or "none"
            raise ValueError(f"give one of {', '.join(SHAPES)}; {given} given; one can stand within another")
        self._checked(shapes[0], tests)
        return self

    def _checked(self, shape: Shape, tests: list[Test]) -> None:
        if shape != "column" and tests:
            raise ValueError(
                f"{tests[0]} needs a column, and stands beside {shape}; put both into a condition of their own"
            )
        if shape in ("all", "any") and not self._said(shape):
            raise ValueError(f"{shape} is empty; put at least one condition into it")
        if shape == "column" and len(tests) != 1:
            raise ValueError(
                f"give column '{self.column}' one of {', '.join(TESTS)}; {' and '.join(tests) or 'none'} given"
                + ("; put several conditions under all" if tests else "")
            )
        if self.in_ == ():
            raise ValueError("in is empty; name at least one value")
        if self.between is not None:
            _check_ends(self.between)


def _check_ends(ends: tuple[Scalar, ...]) -> None:
    told = f"between takes two values, the lower first, such as [1, 5]; {list(ends)} given"
    if len(ends) != 2:
        raise ValueError(told)
    low, high = ends
    if isinstance(low, str) and isinstance(high, str):
        ordered = low <= high
    elif isinstance(low, str | bool) or isinstance(high, str | bool):
        ordered = False
    else:
        ordered = low <= high
    if not ordered:
        raise ValueError(told)


class SegmentRule(Section):
    """A group of customers of the user's own: its name, why it is there, and who belongs to it."""

    name: str = Field(min_length=1, max_length=60, description="what the group is called wherever it is shown")
    description: str = Field("", max_length=500, description="why the group is there, or what to do about it")
    where: Condition = Field(
        description='who belongs to it: { column = "orders", at_least = 5 }, or conditions under all, any or not'
    )

    @model_validator(mode="after")
    def _can_be_read(self) -> SegmentRule:
        if self.name != self.name.strip() or not self.name.isprintable():
            raise ValueError(f"name {self.name!r} begins or ends with a blank, or holds a sign that cannot be printed")
        places = [place for place, _ in self.where.walk()]
        deepest = max(sum(1 for part in place if not part.isdigit()) for place in places)
        if deepest > DEEPEST or len(places) > MOST_CONDITIONS:
            raise ValueError(
                f"where holds {len(places)} conditions, {deepest} deep; at most {MOST_CONDITIONS} and {DEEPEST} deep can be read"
            )
        return self


def day_of_text(text: str) -> date | None:
    """The day of the calendar that a text such as 2024-06-30 names; None where it names none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
