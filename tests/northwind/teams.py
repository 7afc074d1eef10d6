"""The ten teams of Northwind: what they own, how much they do and how they are used to releasing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

MON, TUE, WED, THU, FRI = range(5)


@dataclass(frozen=True)
class Team:
    """A team. `volume` is changes a week, `pace` multiplies its hours of work, `train` its weekly release day and hour."""

    name: str
    services: tuple[str, ...]
    journey: str
    volume: float
    pace: float
    train: tuple[int, int]
    patience: float  # share of its changes that miss their train
    features: float  # user-facing ones a month
    offset: float | None = None  # hours from UTC in its exports; None is London's own clock


TEAMS = (
    Team("basket", ("basket-api", "basket-web"), "Buying online", 8.5, 0.95, (TUE, 10), 0.10, 4.6),
    Team("checkout", ("checkout-api", "checkout-web"), "Buying online", 11.0, 1.05, (THU, 14), 0.14, 5.3),
    Team("loyalty", ("points-api", "offers-web"), "Earning points", 6.5, 0.90, (MON, 11), 0.08, 3.1),
    Team("payments", ("payments-api", "card-vault"), "Paying", 10.0, 1.20, (THU, 10), 0.18, 3.4),
    Team("pricing", ("price-engine", "promotions-api"), "Buying online", 8.0, 1.00, (TUE, 15), 0.10, 3.6, 5.5),
    Team("catalogue", ("catalogue-api", "catalogue-web"), "Finding a product", 10.5, 0.95, (TUE, 11), 0.10, 4.8),
    Team("fulfilment", ("stock-api", "parcel-tracker"), "Getting it delivered", 9.5, 1.10, (MON, 14), 0.12, 3.4),
    Team("returns", ("returns-api", "returns-web"), "Returning an item", 6.0, 0.90, (THU, 11), 0.10, 2.9, 5.5),
    Team("search", ("search-api", "search-index"), "Finding a product", 9.0, 1.00, (THU, 15), 0.08, 4.3),
    Team("stores", ("till-app", "store-locator"), "Buying in a store", 8.0, 1.15, (TUE, 14), 0.16, 2.6),
)

OLD_NAMES = {"fulfilment": "warehouse"}  # until RENAMED, in the exports' team column
RENAMED = "2025-11-03"
ORPHAN = "gift-cards"  # a service that nobody owns any more

VERBS = ("Choose", "Change", "See", "Save", "Share", "Compare", "Repeat", "Cancel", "Split", "Filter")
OBJECTS = {
    "basket": ("a basket for later", "quantities in the basket", "delivery cost in the basket", "a gift message"),
    "checkout": ("a delivery slot", "a saved address", "a guest order", "an order in two parcels"),
    "loyalty": ("points at a glance", "a birthday offer", "points with family", "vouchers in the app"),
    "payments": ("a stored card", "payment by bank transfer", "payment in three parts", "a refund to gift card"),
    "pricing": ("a bundle price", "a price per unit", "a member price", "a price promise"),
    "catalogue": ("a size guide", "pictures by customers", "a product video", "care instructions"),
    "fulfilment": ("a parcel on the map", "a safe place", "a neighbour", "a locker nearby"),
    "returns": ("a return without a label", "a refund date", "an exchange", "a pick-up at home"),
    "search": ("results by colour", "recent searches", "results in stock nearby", "a search by picture"),
    "stores": ("opening hours", "stock in a store", "a reservation in a store", "a receipt by mail"),
}
PRODUCTS = (
    "Northwind Plus", "gift lists", "same-day delivery", "the marketplace", "click and reserve", "trade accounts",
    "repair service", "second hand", "subscriptions", "furniture rental", "store pick-up", "a wedding registry",
)  # fmt: skip

JOURNEYS = tuple(dict.fromkeys(team.journey for team in TEAMS))
SERVICES = {service: team for team in TEAMS for service in team.services}
# Services that went the standard path before the proof, and from when.
ADOPTED = {
    "search-index": date(2025, 2, 3),
    "catalogue-web": date(2025, 6, 2),
    "points-api": date(2025, 9, 1),
    "returns-web": date(2025, 11, 10),
    "parcel-tracker": date(2026, 2, 2),
}
