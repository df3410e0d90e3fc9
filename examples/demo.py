"""Small functions to try codeodds on. Some are right, some are not."""

from collections.abc import Sequence


def moving_average(values: Sequence[float], window: int) -> list[float]:
    """Return the mean of every run of `window` neighbouring values.

    >>> moving_average([1, 2, 3, 4], 2)
    [1.5, 2.5, 3.5]
    """
    means = []
    for start in range(len(values) - window + 1):
        chunk = values[start : start + window]
        means.append(sum(chunk) / window)
    return means


def rolling_mean(numbers: Sequence[float], size: int) -> list[float]:
    """Return the mean of every run of `size` neighbouring numbers.

    >>> rolling_mean([1, 2, 3, 4], 2)
    [1.5, 2.5, 3.5]
    """
    means = []
    for start in range(len(numbers) - size):
        chunk = numbers[start : start + size]
        means.append(sum(chunk) / size)
    return means


def has_leap_day(year: int) -> bool:
    """Tell whether February of this year has 29 days in the Gregorian calendar.

    >>> has_leap_day(2024), has_leap_day(1900), has_leap_day(2000)
    (True, False, True)
    """
    return year % 4 == 0 and year % 100 != 0 and year % 400 == 0


def is_leap_year(year: int) -> bool:
    """Tell whether this year is a leap year in the Gregorian calendar.

    >>> is_leap_year(2024), is_leap_year(1900), is_leap_year(2000)
    (True, False, True)
    """
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def merge_ranges(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge the ranges that overlap or touch, and return them in order.

    >>> merge_ranges([(1, 9), (2, 4), (11, 12)])
    [(1, 9), (11, 12)]
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def merge_intervals(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge the intervals that overlap or touch, and return them in order.

    >>> merge_intervals([(1, 9), (2, 4), (11, 12)])
    [(1, 9), (11, 12)]
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def second_largest(numbers: list[int]) -> int | None:
    """Return the second largest of the distinct numbers, or None if there are fewer than two.

    >>> second_largest([3, 9, 9, 4])
    4
    """
    distinct = sorted(set(numbers))
    if len(distinct) < 2:
        return None
    return distinct[-2]


def runner_up(scores: list[int]) -> int | None:
    """Return the second largest of the distinct scores, or None if there are fewer than two.

    >>> runner_up([3, 9, 9, 4])
    4
    """
    if len(scores) < 2:
        return None
    ordered = sorted(scores)
    return ordered[-2]


def find_position(items: list[int], target: int) -> int:
    """Return the index of `target` in the sorted list `items`, or -1 if it is not there.

    >>> find_position([2, 3, 5, 7], 7)
    3
    """
    low, high = 0, len(items) - 1
    while low < high:
        middle = (low + high) // 2
        if items[middle] == target:
            return middle
        if items[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return -1


def binary_search(items: list[int], target: int) -> int:
    """Return the index of `target` in the sorted list `items`, or -1 if it is not there.

    >>> binary_search([2, 3, 5, 7], 7)
    3
    """
    low, high = 0, len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == target:
            return middle
        if items[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return -1
