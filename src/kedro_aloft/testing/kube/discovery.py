"""What the API says about itself, as far as clients ask before their first request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_aloft.testing.kube.kinds import KINDS, VERBS

if TYPE_CHECKING:
    from kedro_aloft.testing.kube.kinds import Object

VERSION: Object = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.0-kedro-aloft-double",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}
_ACCESS = "authorization.k8s.io"
ACCESS_REVIEWS = f"/apis/{_ACCESS}/v1/selfsubjectaccessreviews"


def discovery() -> dict[str, Object]:
    """Return the answers by path."""
    version = {"groupVersion": f"{_ACCESS}/v1", "version": "v1"}
    group = {"name": _ACCESS, "versions": [version], "preferredVersion": version}
    review = {"name": "selfsubjectaccessreviews", "singularName": "", "namespaced": False, "verbs": ["create"]}
    return {
        "/version": VERSION,
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": _resources()},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]},
        f"/apis/{_ACCESS}": {"kind": "APIGroup", "apiVersion": "v1", **group},
        f"/apis/{_ACCESS}/v1": {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": f"{_ACCESS}/v1",
            "resources": [{**review, "kind": "SelfSubjectAccessReview"}],
        },
    }


def _resources() -> list[Object]:
    kinds: list[Object] = [
        {
            "name": kind.plural,
            "singularName": kind.kind.lower(),
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": list(VERBS),
            "shortNames": list(kind.short),
        }
        for kind in KINDS.values()
    ]
    return [*kinds, {"name": "pods/log", "singularName": "", "namespaced": True, "kind": "Pod", "verbs": ["get"]}]
