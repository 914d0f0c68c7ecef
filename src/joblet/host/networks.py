"""What the network interfaces carry: `/proc/net/dev`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import psutil

from joblet.host.rates import rate
from joblet.metrics import NetworkMetrics

if TYPE_CHECKING:
    from psutil._ntuples import snetio

MOST_INTERFACES = 10


def read_networks() -> Mapping[str, snetio]:
    """Return the counters of each interface that is up and has carried anything."""
    links = psutil.net_if_stats()
    return {
        name: counted
        for name, counted in psutil.net_io_counters(pernic=True).items()
        if name in links and links[name].isup and (counted.bytes_recv or counted.bytes_sent)
    }


def network_metrics(
    before: Mapping[str, snetio], after: Mapping[str, snetio], seconds: float
) -> Sequence[NetworkMetrics]:
    """Return the interfaces that carry most between two readings, and of those that carry nothing, in all."""
    found = [
        interface_metrics(name, before[name], counted, seconds)
        for name, counted in after.items()
        if name in before
    ]
    return sorted(found, key=busyness, reverse=True)[:MOST_INTERFACES]


def busyness(network: NetworkMetrics) -> tuple[float, int]:
    """Return what interfaces are sorted by: what they carry now, then what they have carried."""
    now = network.receive_rate + network.transmit_rate
    return now, network.bytes_received + network.bytes_sent


def interface_metrics(name: str, before: snetio, after: snetio, seconds: float) -> NetworkMetrics:
    """Return what one interface carried in all, and between two readings."""
    return NetworkMetrics(
        interface=name,
        bytes_received=after.bytes_recv,
        bytes_sent=after.bytes_sent,
        packets_received=after.packets_recv,
        packets_sent=after.packets_sent,
        errors_in=after.errin,
        errors_out=after.errout,
        drops_in=after.dropin,
        drops_out=after.dropout,
        receive_rate=rate(before.bytes_recv, after.bytes_recv, seconds),
        transmit_rate=rate(before.bytes_sent, after.bytes_sent, seconds),
    )
