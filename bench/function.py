"""The function that is measured: about 300 tokens in all, of which two thirds are the solution."""

from __future__ import annotations

from codeodds.types import ScoringUnit

PROBLEM = '''\
import heapq
from collections import defaultdict


def cheapest_route(flights, start, goal, max_stops):
    """Return the cheapest way from start to goal and its price.

    flights: list of (from, to, price) tuples, prices are positive.
    max_stops: how many airports may lie between start and goal.
    Returns (price, route), or None if there is no such way.

    >>> cheapest_route([("A", "B", 5), ("B", "C", 7)], "A", "C", 1)
    (12, ['A', 'B', 'C'])
    """
'''

SOLUTION = """\
    graph = defaultdict(list)
    for origin, target, price in flights:
        graph[origin].append((target, price))
    queue = [(0, 0, start, (start,))]
    best = {}
    while queue:
        price, stops, airport, route = heapq.heappop(queue)
        if airport == goal:
            return price, list(route)
        if stops > max_stops:
            continue
        if best.get(airport, stops + 1) <= stops:
            continue
        best[airport] = stops
        # A route never visits an airport twice: prices are positive.
        for target, fare in graph[airport]:
            if target in route:
                continue
            entry = (price + fare, stops + 1, target, route + (target,))
            heapq.heappush(queue, entry)
    return None
"""

UNIT = ScoringUnit(PROBLEM, SOLUTION)
