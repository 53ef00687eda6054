"""What scenario tests share: real Kedro projects, real DagBags, real runs. Nothing stands in for our own code."""
