"""What well-known functions do, by their full names. Tables alone; add to them what people meet."""

from __future__ import annotations

import functools

from kedro_aloft.rules.pattern import Pattern

CLOCKS = frozenset(
    {
        "arrow.now",
        "arrow.utcnow",
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "pandas.Timestamp.now",
        "pandas.Timestamp.today",
        "pandas.Timestamp.utcnow",
        "pendulum.now",
        "pendulum.today",
        "pyspark.sql.functions.current_date",
        "pyspark.sql.functions.current_timestamp",
        "time.time",
        "time.time_ns",
    }
)
"""Read the clock, whatever their arguments are. Those that only measure (`time.perf_counter`) are not here."""

CLOCKS_WITHOUT_MOMENT = {"time.ctime": 1, "time.gmtime": 1, "time.localtime": 1, "time.strftime": 2}
"""Read the clock when they have fewer arguments than this."""

CLOCKS_OF_WORDS = frozenset({"numpy.datetime64", "pandas.Timestamp", "pandas.to_datetime"})
"""Read the clock when the first argument is `now` or `today`."""

UNREPEATABLE = frozenset({"os.urandom", "random.SystemRandom", "uuid.uuid1", "uuid.uuid4"})

SEEDS = {
    "random": ("random.seed",),
    "numpy": ("numpy.random.seed",),
    "torch": ("torch.manual_seed", "torch.random.manual_seed", "lightning.seed_everything"),
    "tensorflow": ("tensorflow.random.set_seed", "tensorflow.keras.utils.set_random_seed"),
}
"""What makes the global generator of a library repeatable."""

_NUMPY_SETUP = (
    "BitGenerator|Generator|MT19937|PCG64|Philox|RandomState|SFC64|SeedSequence|default_rng|get_state|seed|set_state"
)
GLOBAL_GENERATORS = {
    "random": Pattern(
        r"random\.(betavariate|choice|choices|expovariate|gauss|getrandbits|lognormvariate|normalvariate|paretovariate|"
        r"randbytes|randint|random|randrange|sample|shuffle|triangular|uniform|vonmisesvariate|weibullvariate)"
    ),
    "numpy": Pattern(rf"numpy\.random\.(?!(?:{_NUMPY_SETUP})$)[a-z_]+"),
    "torch": Pattern(r"torch\.(bernoulli|multinomial|normal|poisson|rand|rand_like|randint|randn|randn_like|randperm)"),
    "tensorflow": Pattern(r"tensorflow\.random\.(categorical|gamma|normal|poisson|shuffle|truncated_normal|uniform)"),
}
"""Draw from a library's global generator."""

GENERATORS = frozenset({"numpy.random.RandomState", "numpy.random.default_rng", "random.Random"})
"""Make a generator of their own; without a seed each one differs."""

SHUFFLED_SPLITTERS = frozenset({"KFold", "StratifiedKFold", "StratifiedGroupKFold"})
"""Of scikit-learn; random only with `shuffle=True`."""

RANDOM_ESTIMATORS = frozenset(
    {
        "BaggingClassifier",
        "BaggingRegressor",
        "ExtraTreesClassifier",
        "ExtraTreesRegressor",
        "GradientBoostingClassifier",
        "GradientBoostingRegressor",
        "GroupShuffleSplit",
        "IsolationForest",
        "KMeans",
        "MLPClassifier",
        "MLPRegressor",
        "MiniBatchKMeans",
        "RandomForestClassifier",
        "RandomForestRegressor",
        "RandomizedSearchCV",
        "SGDClassifier",
        "SGDRegressor",
        "ShuffleSplit",
        "StratifiedShuffleSplit",
        "TSNE",
        "make_blobs",
        "make_classification",
        "make_regression",
        "resample",
        "shuffle",
        "train_test_split",
    }
)
"""Of scikit-learn; random unless `random_state` is a number or a seeded generator."""

PATHS = Pattern(
    r"pathlib\.(Pure)?(Posix|Windows)?Path\(\)|pathlib\.Path\.(cwd|home)\(\)|os\.path\.\w+\(\)|os\.getcwd\(\)"
)
"""Make a path."""

PATH_WRITES = frozenset({"mkdir", "rename", "replace", "rmdir", "touch", "unlink", "write_bytes", "write_text"})
PATH_READS = frozenset({"glob", "iterdir", "open", "read_bytes", "read_text", "rglob"})
"""Methods of paths."""

FILE_WRITES = frozenset(
    {
        "joblib.dump",
        "matplotlib.pyplot.savefig",
        "numpy.save",
        "numpy.savetxt",
        "numpy.savez",
        "numpy.savez_compressed",
        "os.makedirs",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.replace",
        "os.rmdir",
        "os.unlink",
        "shutil.copy",
        "shutil.copy2",
        "shutil.copyfile",
        "shutil.copytree",
        "shutil.make_archive",
        "shutil.move",
        "shutil.rmtree",
        "torch.save",
    }
)
FILE_READS = frozenset(
    {
        "glob.glob",
        "glob.iglob",
        "joblib.load",
        "numpy.genfromtxt",
        "numpy.load",
        "numpy.loadtxt",
        "os.listdir",
        "os.scandir",
        "os.walk",
        "torch.load",
    }
)
FRAME_READS = Pattern(
    r"(pandas|polars|geopandas|dask\.dataframe|modin\.pandas)\.(read|scan)_[a-z_]+|pyarrow\.parquet\.read_table"
)
FRAME_READS_NO_FILE = Pattern(r".*\.read_(clipboard|database|gbq|sql|sql_query|sql_table)")
FRAME_WRITES = frozenset(
    {
        "sink_csv",
        "sink_parquet",
        "to_csv",
        "to_excel",
        "to_feather",
        "to_hdf",
        "to_json",
        "to_parquet",
        "to_pickle",
        "write_csv",
        "write_excel",
        "write_parquet",
    }
)
"""Methods of frames, which write when their first argument is a path."""

NETWORK = Pattern(
    r"requests\.(get|post|put|patch|delete|head|options|request)"
    r"|requests\.[Ss]ession\(\)\.(get|post|put|patch|delete|head|options|request)"
    r"|httpx\.(get|post|put|patch|delete|head|options|request|stream)"
    r"|httpx\.(Async)?Client\(\)\.(get|post|put|patch|delete|head|options|request|stream)"
    r"|urllib\.request\.(urlopen|urlretrieve)|urllib3\.(PoolManager\(\)\.)?request|aiohttp\.ClientSession"
    r"|boto3\.(client|resource)|smtplib\.(SMTP|SMTP_SSL)|ftplib\.FTP(_TLS)?|paramiko\.SSHClient"
    r"|socket\.(socket|create_connection)"
    r"|psycopg2?\.connect|pymysql\.connect|pymongo\.MongoClient|sqlalchemy\.create_engine|redis\.(Redis|from_url)"
    r"|snowflake\.connector\.connect|google\.cloud\.(storage|bigquery)\.Client"
    r"|s3fs\.S3FileSystem|gcsfs\.GCSFileSystem|adlfs\.AzureBlobFileSystem|fsspec\.(open|filesystem)"
    r"|slack_sdk\.(WebClient|webhook\.WebhookClient)|kafka\.Kafka(Producer|Consumer)"
)
"""Talk to other machines, or open what does."""

SENDING = Pattern(
    r"(requests|httpx)\.(post|put|patch|delete)"
    r"|(requests\.[Ss]ession\(\)|httpx\.(Async)?Client\(\))\.(post|put|patch|delete)"
    r"|smtplib\.SMTP(_SSL)?\(\)\.(send_message|sendmail)"
    r"|slack_sdk\.WebClient\(\)\.(chat_postMessage|files_upload|files_upload_v2)"
    r"|slack_sdk\.webhook\.WebhookClient\(\)\.send|kafka\.KafkaProducer\(\)\.send"
    r"|boto3\.client\(\)\.(publish|put_object|send_email|send_message|upload_file|upload_fileobj)"
)
"""Change something elsewhere, once more with each try."""

PROGRAMS = Pattern(r"subprocess\.(run|call|check_call|check_output|Popen)|os\.(system|popen|spawn\w+)")
EXITS = frozenset({"exit", "os._exit", "os.abort", "quit", "sys.exit"})
INTERACTIVE = frozenset(
    {"IPython.embed", "breakpoint", "code.interact", "getpass.getpass", "input", "ipdb.set_trace", "pdb.set_trace"}
)
PROCESS_STATE = frozenset(
    {
        "locale.setlocale",
        "logging.basicConfig",
        "logging.config.dictConfig",
        "logging.config.fileConfig",
        "logging.disable",
        "multiprocessing.set_start_method",
        "os.chdir",
        "os.environ.update",
        "os.putenv",
        "os.umask",
        "signal.signal",
        "sys.path.append",
        "sys.path.insert",
        "sys.setrecursionlimit",
    }
)
"""Change what every other node in the process finds."""

KEDRO_ENTRANCES = frozenset(
    {
        "kedro.config.OmegaConfigLoader",
        "kedro.framework.project.configure_project",
        "kedro.framework.session.KedroSession.create",
        "kedro.framework.session.session.KedroSession.create",
        "kedro.framework.startup.bootstrap_project",
        "kedro.io.DataCatalog.from_config",
    }
)
IMPORT_COSTS = Pattern(
    r"pyspark\.sql\.SparkSession\.builder(\.\w+(\(\))?)*\.getOrCreate|time\.sleep|nltk\.download|spacy\.load"
)
"""At the top of a module: what every task waits for, besides files, network, programs and process state."""

LOG_METHODS = frozenset({"critical", "debug", "error", "exception", "info", "log", "print", "warn", "warning"})

_LIBRARIES = frozenset(
    {
        *("IPython", "adlfs", "aiohttp", "airflow", "arrow", "boto3", "code", "codecs", "datetime"),
        *("fsspec", "ftplib", "gcsfs", "getpass", "glob", "google", "httpx", "imblearn", "io", "ipdb"),
        *("joblib", "kafka", "kedro", "locale", "logging", "multiprocessing", "nltk", "os", "paramiko"),
        *("pathlib", "pdb", "pendulum", "psycopg", "psycopg2", "pymongo", "pymysql", "pyspark", "random"),
        *("redis", "requests", "s3fs", "secrets", "shutil", "signal", "sklearn", "slack_sdk", "smtplib"),
        *("snowflake", "socket", "spacy", "sqlalchemy", "subprocess", "sys", "tempfile", "tensorflow"),
        *("time", "torch", "urllib", "urllib3", "uuid"),
    }
)
_EVERYWHERE = frozenset({"dask", "geopandas", "matplotlib", "modin", "numpy", "pandas", "polars", "pyarrow"})
"""Most modules import them; only what follows their name tells something."""

WORDS = frozenset(
    {
        *("KeyboardInterrupt", "SystemExit", "Timestamp", "breakpoint", "datetime64", "except", "exit"),
        *("frozenset", "genfromtxt", "global", "import", "input", "list", "load", "loadtxt", "now", "open"),
        *("quit", "random", "read_table", "sample", "save", "savefig", "savetxt", "savez"),
        *("savez_compressed", "set", "to_datetime", "today", "tuple", "utcnow", "while"),
        *FRAME_WRITES,
        *("read_avro", "read_csv", "read_database", "read_delta", "read_excel", "read_feather", "read_fwf", "read_hdf"),
        *("read_html", "read_ipc", "read_json", "read_ndjson", "read_ods", "read_orc", "read_parquet", "read_pickle"),
        *(
            "read_sas",
            "read_spss",
            "read_stata",
            "read_text",
            "read_xml",
            "read_file",
            "scan_csv",
            "scan_delta",
            "scan_ipc",
        ),
        *("scan_ndjson", "scan_parquet", "scan_pyarrow_dataset"),
    }
)
"""A function without any of these, and without what `tells_by_name` says of its module, is of no interest."""


def tells_by_name(meaning: str) -> bool:
    """Whether a function that uses a name with this meaning may be of interest for the name alone."""
    root, _, rest = meaning.partition(".")
    return root in _LIBRARIES or (root in _EVERYWHERE and bool(rest))


@functools.lru_cache(maxsize=4096)
def kinds(name: str) -> frozenset[str]:
    """Return what kinds of functions a full name is of; most are of none."""
    matched = (kind for kind, pattern in _KINDS_BY_PATTERN.items() if pattern.fullmatch(name))
    return frozenset(matched).union(kind for kind, names in _KINDS_BY_NAME.items() if name in names)


_KINDS_BY_NAME = {
    "clock": CLOCKS | CLOCKS_WITHOUT_MOMENT.keys() | CLOCKS_OF_WORDS,
    "identity": UNREPEATABLE,
    "generator": GENERATORS,
    "exit": EXITS,
    "question": INTERACTIVE,
    "process": PROCESS_STATE,
    "kedro": KEDRO_ENTRANCES,
    "sleep": frozenset({"time.sleep"}),
    "list": frozenset({"list", "tuple"}),
    "variable": frozenset({"os.environ.get", "os.getenv"}),
    "file": FILE_READS | FILE_WRITES | {"open", "io.open", "codecs.open"},
}
_KINDS_BY_PATTERN = {
    "identity": Pattern(r"secrets\..*"),
    "draw": Pattern("|".join(f"(?:{pattern.pattern})" for pattern in GLOBAL_GENERATORS.values())),
    "estimator": Pattern(r"(?:sklearn|imblearn)\..*"),
    "network": NETWORK,
    "sending": SENDING,
    "program": PROGRAMS,
    "costly": IMPORT_COSTS,
    "file": Pattern(rf"(?:{FRAME_READS.pattern})|(?:{PATHS.pattern})\.\w+"),
}
