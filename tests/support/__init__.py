"""What scenario tests share: real Kedro projects, real DagBags, real runs. Nothing in here stands in for our own code."""
