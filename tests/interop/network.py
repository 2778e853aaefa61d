"""Runs a network for the tests beside it: says in one JSON line what is there, ends with its standard
input, and fails if a node did not end well.

    network.py GENESIS ORDINARY [ABSENT]

Of the genesis nodes the last ABSENT ones do not run; their ports are told.
"""

import json
import sys

import qnet_cluster as q


def main():
    count, ordinary, absent = (int(text) for text in [*sys.argv[1:], "0"][:3])
    genesis = q.Genesis(count=count, codes=8, name="interop")
    with q.Cluster(genesis) as cluster:
        cluster.start(ordinary=ordinary, absent=absent)
        cluster.await_agreement()
        print(json.dumps({
            "certificates": [genesis.env[f"QNET_GENESIS_CERT_{i + 1:03}"]
                             for i in range(len(genesis.identities))],
            "batch": genesis.env["QNET_ACTIVATION_BATCH_001"],
            "codes": genesis.codes,
            "absent_ports": genesis.ports[count - absent:],
            "nodes": [{"id": node.id, "api": f"http://127.0.0.1:{node.api_address[1]}",
                       "port": node.listen_port, "log": str(node.log_path),
                       "validator": node in cluster.validators} for node in cluster.nodes],
        }), flush=True)
        sys.stdin.read()


main()
