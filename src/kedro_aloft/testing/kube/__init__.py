"""A double of the Kubernetes API for pods: for tests that shall see real containers where no cluster is.

`KubeDouble` is **not Kubernetes**. It is a small server with the addresses, the objects, the refusals and the words of
the API, as far as the official Python clients, Airflow's `KubernetesPodOperator` (also deferrable) and
`kubectl get|logs|describe|delete` need them. What it takes seriously:

- A pod's containers are real containers of a Docker engine: their images, commands, environment, limits, files, exit
  codes and deaths for want of memory are real.
- Pods are checked with the official client's models; a field that they do not know is refused.
- Secrets, config maps, claims, quotas, service accounts, node labels, taints and capacity have their consequences:
  refusals (403, 404, 409, 422), pods that wait, and the events that say why.

What it leaves out: every kind of object but those in `kinds.py`; `exec`, `attach`, `port-forward` and with them the
XCom sidecar; restart policies but `Never`, probes, lifecycle hooks, sidecars; pod networks (containers share the
machine's) and service account tokens; users, TLS, and whatever an admission webhook would do. Nothing is pulled: images
are those that the engine has. A test that passes here still has to pass once on a cluster.

    with KubeDouble("unix:///var/run/docker.sock", namespaces=["kedro"]) as kube:
        subprocess.run(["kubectl", "--kubeconfig", kube.kubeconfig, "get", "pods"])
"""

from __future__ import annotations

from kedro_aloft.testing.kube.double import KubeDouble

__all__ = ["KubeDouble"]
