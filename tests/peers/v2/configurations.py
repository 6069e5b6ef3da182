"""Saved configurations: upserted by name, found, changed, deleted."""

from __future__ import annotations

from tests.peers.checks import holds, same
from tests.peers.face import Json, PeerV2
from tests.peers.material import CONFIGURATION, RECIPE_ONLY, RULES
from tests.peers.scenario import Scenarios

CONFIGURATIONS = "/api/v1/beta/configurations"

scenario = Scenarios()


def _rules(saved: Json) -> object:
    return saved["parameters"]["rules"]


@scenario()
def a_configuration_is_saved(peer: PeerV2) -> None:
    saved = peer.create_configuration("office", {**CONFIGURATION, "parsing_configuration": {"max_pages": 3}})
    holds(saved["id"].startswith("cfg-"), f"{saved['id']} begins with cfg-")
    same(saved["name"], "office", "the name")
    same(saved["product_type"], "classify_v2", "the product")
    same(saved["parameters"]["product_type"], "classify_v2", "the parameters' product")
    same(_rules(saved), RULES, "the saved rules")
    same(saved["parameters"]["parsing_configuration"]["max_pages"], 3, "the saved max_pages")
    same(peer.get_configuration(saved["id"]), saved, "the configuration that is got again")


@scenario()
def the_same_name_replaces_a_configuration(peer: PeerV2) -> None:
    first = peer.create_configuration("office", CONFIGURATION)
    again = peer.create_configuration("office", RECIPE_ONLY)
    same(again["id"], first["id"], "the ID of the configuration of that name")
    same(_rules(peer.get_configuration(first["id"])), [RULES[2]], "the rules after they were replaced")
    same([saved["id"] for saved in peer.list_configurations(latest_only=True)], [first["id"]], "the configurations")


@scenario()
def configurations_are_found_by_each_filter(peer: PeerV2) -> None:
    saved = {name: peer.create_configuration(name, CONFIGURATION)["id"] for name in ("one", "two", "three")}
    by_name = [found["id"] for found in peer.list_configurations(name="two")]
    same(by_name, [saved["two"]], "the configuration by its name")
    of_product = {found["id"] for found in peer.list_configurations(product_type=["classify_v2"])}
    same(of_product, set(saved.values()), "the configurations of the product")
    same(list(peer.list_configurations(product_type=["parse_v2"])), [], "the configurations of another product")
    latest = {found["id"] for found in peer.list_configurations(latest_only=True)}
    same(latest, set(saved.values()), "the latest configurations")


@scenario()
def configuration_pages_hold_each_once(peer: PeerV2) -> None:
    saved = sorted(peer.create_configuration(f"set {number}", CONFIGURATION)["id"] for number in range(5))
    same(sorted(found["id"] for found in peer.list_configurations(page_size=2)), saved, "the configurations listed")
    same(peer.count("GET", CONFIGURATIONS), 3, "the number of pages of five, two a page")


@scenario()
def a_configuration_is_changed_in_part(peer: PeerV2) -> None:
    config_id = peer.create_configuration("office", CONFIGURATION)["id"]
    renamed = peer.update_configuration(config_id, name="kitchen")
    same((renamed["id"], renamed["name"]), (config_id, "kitchen"), "the renamed configuration")
    same(_rules(renamed), RULES, "its rules, which stay")
    changed = peer.update_configuration(config_id, configuration=RECIPE_ONLY)
    same(changed["name"], "kitchen", "its name, which stays")
    same(_rules(changed), [RULES[2]], "the changed rules")
    same(peer.get_configuration(config_id), changed, "the configuration that is got again")


@scenario()
def a_deleted_configuration_is_gone(peer: PeerV2) -> None:
    config_id = peer.create_configuration("office", CONFIGURATION)["id"]
    peer.delete_configuration(config_id)
    peer.refused("unknown", peer.get_configuration, config_id)
    same(list(peer.list_configurations()), [], "the configurations that are left")
