"""Kedro pipeline `hostile` of `shop` (env `local`) as an Airflow DAG.

Made by: kedro airflow create '--set=owner='''\\' --set=db.password=***
Plan: d98c1f2163e90540
Fingerprint: ef8eb51cb7807370

That command overwrites this file: to change the DAG, edit `airflow.yml` or the pipeline.
"""

from airflow.sdk import DAG, Asset, Param
from kedro_aloft.airflow import KedroCleanup, KedroOperator, KedroPipeline, duration, instant

DOC = (
    "# Of the user\n"
    "\n"
    '"""triple""" \\ back, {{ ds }}\u2028'
    "\n"
    "\n"
    "<b>bold</b>\n"
    "\n"
    "Kedro pipeline `hostile` of `shop`, environment `local`: 73 nodes in 73 tasks.\n"
    "\n"
    "```mermaid\n"
    "flowchart LR\n"
    '    t0["make"]\n'
    '    t1["x-265fda17<br/>• #39;"]\n'
    '    t2["x-8a331fdd<br/>• #34;"]\n'
    '    t3["x-b6d267ef<br/>• #34;#34;#34;"]\n'
    '    t4["x-be24f5ee<br/>• #39;#39;#39;"]\n'
    '    t5["x-a9253dc8<br/>• #92;"]\n'
    '    t6["n-a80e516b<br/>• #92;n"]\n'
    '    t7["a_b-7e18f737<br/>• a#10;b"]\n'
    '    t8["a_b-18745f36<br/>• a#13;#10;b"]\n'
    '    t9["a_b-894891f8<br/>• a#9;b"]\n'
    '    t10["x-951dcee3<br/>• #38;"]\n'
    '    t11["O_Brien_Co-453a0814<br/>• O#39;Brien #38; #34;Co#34;"]\n'
    '    t12["ds-69fca42c<br/>• {{ ds }}"]\n'
    '    t13["x-3d9a65fe<br/>• {#37;"]\n'
    '    t14["x-8aa31b6f<br/>• {#35;"]\n'
    '    t15["a-75bb1ae7<br/>• #36;{a}"]\n'
    '    t16["id-625b83fe<br/>• #96;id#96;"]\n'
    '    t17["x-334359b9<br/>• #35;"]\n'
    '    t18["s-f684c73c<br/>• #37;s"]\n'
    '    t19["script-5b63e5b2<br/>• #60;script#62;"]\n'
    '    t20["br-dabb19ee<br/>• #60;br/#62;"]\n'
    '    t21["x-627eb540<br/>• ]]#62;"]\n'
    '    t22["x-cbe5cfdf<br/>• #124;"]\n'
    '    t23["a_b-0eab8a0a<br/>• a#124;b"]\n'
    '    t24["end"]\n'
    '    t25["a-ae030a32<br/>• - a"]\n'
    '    t26["1.#95;a-5a7435de<br/>• 1. a"]\n'
    '    t27["x-cb3f91d5<br/>• ---"]\n'
    '    t28["a-3f7b1752<br/>• #42;a#42;"]\n'
    '    t29["#95;#95;a#95;#95;"]\n'
    '    t30["import"]\n'
    '    t31["task"]\n'
    '    t32["#95;"]\n'
    '    t33["x-3973e022<br/>• -"]\n'
    '    t34["help-0bdbc8fb<br/>• --help"]\n'
    '    t35["None"]\n'
    '    t36["kedro"]\n'
    '    t37["DOC"]\n'
    '    t38["DAG"]\n'
    '    t39["KedroOperator"]\n'
    '    t40["print"]\n'
    '    t41["1_load"]\n'
    '    t42["match"]\n'
    '    t43["a.sql"]\n'
    '    t44["a.json"]\n'
    '    t45["a.md"]\n'
    '    t46["sql-614f3a43<br/>• .sql"]\n'
    '    t47["a.b"]\n'
    '    t48["a..b"]\n'
    '    t49["x-cdb4ee2a<br/>• ."]\n'
    '    t50["x-5ec1f7e7<br/>• .."]\n'
    '    t51["x-8a5edab2<br/>• /"]\n'
    '    t52["a_b-c14cddc0<br/>• a/b"]\n'
    '    t53["C_new_table-ea488ad7<br/>• C:#92;new#92;table"]\n'
    '    t54["partial_f___1-e9e3bf96<br/>• partial(f)#95;#95;1"]\n'
    '    t55["e-4a99557e<br/>• é"]\n'
    '    t56["x-cd3a7e92<br/>• ß"]\n'
    '    t57["x-5440f742<br/>• 数据"]\n'
    '    t58["x-f0443a34<br/>• 😀"]\n'
    '    t59["x-3b9e5031<br/>• #8238;"]\n'
    '    t60["x-6e340b9c<br/>• #0;"]\n'
    '    t61["x-f1945cd6<br/>• #65279;"]\n'
    '    t62["x-91a681b9<br/>• �"]\n'
    '    t63["a-b8d5c072<br/>•   a  "]\n'
    '    t64["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…<br/>• xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"]\n'
    '    t65["eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee…<br/>• ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé…"]\n'
    '    t66["clean_up_handoff"]\n'
    '    t67["upstream_join_id"]\n'
    '    t68["https_a.b-065644ba<br/>• https#58;//a.b"]\n'
    '    t69["www#46;a.b"]\n'
    '    t70["a_b.c-d648b243<br/>• a#64;b.c"]\n'
    '    t71["f_a_b#95;-#95;c-662eb250<br/>• f([a#59;b]) -#62; [c]"]\n'
    '    t72["lambda___4f-f999d93c<br/>• #60;lambda#62;#95;#95;4f"]\n'
    '    t0 -.->|"in #39;"| t1\n'
    '    t0 -.->|"in #34;"| t2\n'
    '    t0 -.->|"in #34;#34;#34;"| t3\n'
    '    t0 -.->|"in #39;#39;#39;"| t4\n'
    '    t0 -.->|"in #92;"| t5\n'
    '    t0 -.->|"in #92;n"| t6\n'
    "```\n"
    "\n"
    "Dotted arrows hand over data that lives in memory.\n"
    "\n"
    "Plan `d98c1f2163e90540` · kedro-aloft fingerprint `ef8eb51cb7807370`\n"
)

kedro = KedroPipeline(
    package="shop",
    pipeline="hostile",
    env="local",
    runtime_params={
        "'": ["'", {"'": "'"}],
        '"': ['"', {'"': '"'}],
        '"""': ['"""', {'"""': '"""'}],
        "'''": ["'''", {"'''": "'''"}],
        "\\": ["\\", {"\\": "\\"}],
        "\\n": ["\\n", {"\\n": "\\n"}],
        "a\nb": ["a\nb", {"a\nb": "a\nb"}],
        "a\r\nb": ["a\r\nb", {"a\r\nb": "a\r\nb"}],
        "a\tb": ["a\tb", {"a\tb": "a\tb"}],
        "&": ["&", {"&": "&"}],
        'O\'Brien & "Co"': ['O\'Brien & "Co"', {'O\'Brien & "Co"': 'O\'Brien & "Co"'}],
        "{{ ds }}": ["{{ ds }}", {"{{ ds }}": "{{ ds }}"}],
        "{%": ["{%", {"{%": "{%"}],
        "{#": ["{#", {"{#": "{#"}],
        "${a}": ["${a}", {"${a}": "${a}"}],
        "`id`": ["`id`", {"`id`": "`id`"}],
        "#": ["#", {"#": "#"}],
        "%s": ["%s", {"%s": "%s"}],
        "<script>": ["<script>", {"<script>": "<script>"}],
        "<br/>": ["<br/>", {"<br/>": "<br/>"}],
        "]]>": ["]]>", {"]]>": "]]>"}],
        "|": ["|", {"|": "|"}],
        "a|b": ["a|b", {"a|b": "a|b"}],
        "end": ["end", {"end": "end"}],
        "- a": ["- a", {"- a": "- a"}],
        "1. a": ["1. a", {"1. a": "1. a"}],
        "---": ["---", {"---": "---"}],
        "*a*": ["*a*", {"*a*": "*a*"}],
        "__a__": ["__a__", {"__a__": "__a__"}],
        "import": ["import", {"import": "import"}],
        "task": ["task", {"task": "task"}],
        "_": ["_", {"_": "_"}],
        "-": ["-", {"-": "-"}],
        "--help": ["--help", {"--help": "--help"}],
        "None": ["None", {"None": "None"}],
        "kedro": ["kedro", {"kedro": "kedro"}],
        "DOC": ["DOC", {"DOC": "DOC"}],
        "DAG": ["DAG", {"DAG": "DAG"}],
        "KedroOperator": ["KedroOperator", {"KedroOperator": "KedroOperator"}],
        "print": ["print", {"print": "print"}],
        "1_load": ["1_load", {"1_load": "1_load"}],
        "match": ["match", {"match": "match"}],
        "a.sql": ["a.sql", {"a.sql": "a.sql"}],
        "a.json": ["a.json", {"a.json": "a.json"}],
        "a.md": ["a.md", {"a.md": "a.md"}],
        ".sql": [".sql", {".sql": ".sql"}],
        "a.b": ["a.b", {"a.b": "a.b"}],
        "a..b": ["a..b", {"a..b": "a..b"}],
        ".": [".", {".": "."}],
        "..": ["..", {"..": ".."}],
        "/": ["/", {"/": "/"}],
        "a/b": ["a/b", {"a/b": "a/b"}],
        "C:\\new\\table": ["C:\\new\\table", {"C:\\new\\table": "C:\\new\\table"}],
        "partial(f)__1": ["partial(f)__1", {"partial(f)__1": "partial(f)__1"}],
        "é": ["é", {"é": "é"}],
        "ß": ["ß", {"ß": "ß"}],
        "数据": ["数据", {"数据": "数据"}],
        "😀": ["😀", {"😀": "😀"}],
        "\u202e": ["\u202e", {"\u202e": "\u202e"}],
        "\x00": ["\x00", {"\x00": "\x00"}],
        "\ufeff": ["\ufeff", {"\ufeff": "\ufeff"}],
        "  a  ": ["  a  ", {"  a  ": "  a  "}],
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": [
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            {
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            },
        ],
        "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé": [
            "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
            {
                "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé": "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
            },
        ],
        "clean_up_handoff": ["clean_up_handoff", {"clean_up_handoff": "clean_up_handoff"}],
        "upstream_join_id": ["upstream_join_id", {"upstream_join_id": "upstream_join_id"}],
        "https://a.b": ["https://a.b", {"https://a.b": "https://a.b"}],
        "www.a.b": ["www.a.b", {"www.a.b": "www.a.b"}],
        "a@b.c": ["a@b.c", {"a@b.c": "a@b.c"}],
        "f([a;b]) -> [c]": ["f([a;b]) -> [c]", {"f([a;b]) -> [c]": "f([a;b]) -> [c]"}],
        "<lambda>__4f": ["<lambda>__4f", {"<lambda>__4f": "<lambda>__4f"}],
    },
)

with DAG(
    dag_id="shop-hostile",
    description='quotes " \' and """ and \\ and {{ braces }} and\nlines',
    schedule=None,
    start_date=instant("2023-01-01T00:00:00+00:00"),
    catchup=False,
    max_active_runs=1,
    dag_display_name="A {{ name }} with 'quotes' & \"more\"",
    params={
        "p '": Param("'", type="string"),
        'p "': Param('"', type="string"),
        'p """': Param('"""', type="string"),
        "p '''": Param("'''", type="string"),
        "p \\": Param("\\", type="string"),
        "p \\n": Param("\\n", type="string"),
        "p a\nb": Param("a\nb", type="string", format="multiline"),
        "p a\r\nb": Param("a\r\nb", type="string", format="multiline"),
        "p a\tb": Param("a\tb", type="string"),
        "p &": Param("&", type="string"),
        'p O\'Brien & "Co"': Param('O\'Brien & "Co"', type="string"),
        "p {{ ds }}": Param("{{ ds }}", type="string"),
        "p {%": Param("{%", type="string"),
        "p {#": Param("{#", type="string"),
        "p ${a}": Param("${a}", type="string"),
        "p `id`": Param("`id`", type="string"),
        "p #": Param("#", type="string"),
        "p %s": Param("%s", type="string"),
        "p <script>": Param("<script>", type="string"),
        "p <br/>": Param("<br/>", type="string"),
        "p ]]>": Param("]]>", type="string"),
        "p |": Param("|", type="string"),
        "p a|b": Param("a|b", type="string"),
        "p end": Param("end", type="string"),
        "p - a": Param("- a", type="string"),
        "p 1. a": Param("1. a", type="string", section="p 1"),
        "p ---": Param("---", type="string"),
        "p *a*": Param("*a*", type="string"),
        "p __a__": Param("__a__", type="string"),
        "p import": Param("import", type="string"),
        "p task": Param("task", type="string"),
        "p _": Param("_", type="string"),
        "p -": Param("-", type="string"),
        "p --help": Param("--help", type="string"),
        "p None": Param("None", type="string"),
        "p kedro": Param("kedro", type="string"),
        "p DOC": Param("DOC", type="string"),
        "p DAG": Param("DAG", type="string"),
        "p KedroOperator": Param("KedroOperator", type="string"),
        "p print": Param("print", type="string"),
        "p 1_load": Param("1_load", type="string"),
        "p match": Param("match", type="string"),
        "p a.sql": Param("a.sql", type="string", section="p a"),
        "p a.json": Param("a.json", type="string", section="p a"),
        "p a.md": Param("a.md", type="string", section="p a"),
        "p .sql": Param(".sql", type="string", section="p "),
        "p a.b": Param("a.b", type="string", section="p a"),
        "p a..b": Param("a..b", type="string", section="p a."),
        "p .": Param(".", type="string", section="p "),
        "p ..": Param("..", type="string", section="p ."),
        "p /": Param("/", type="string"),
        "p a/b": Param("a/b", type="string"),
        "p C:\\new\\table": Param("C:\\new\\table", type="string"),
        "p partial(f)__1": Param("partial(f)__1", type="string"),
        "p é": Param("é", type="string"),
        "p ß": Param("ß", type="string"),
        "p 数据": Param("数据", type="string"),
        "p 😀": Param("😀", type="string"),
        "p \u202e": Param("\u202e", type="string"),
        "p \x00": Param(
            None,
            type=["null", "string", "number", "boolean", "object", "array"],
            description_md="Its default is `\\x00`, which the form cannot hold. Empty keeps it.",
        ),
        "p \ufeff": Param("\ufeff", type="string"),
        "p \ud800": Param(
            None,
            type=["null", "string", "number", "boolean", "object", "array"],
            description_md="Its default is `\\ud800`, which the form cannot hold. Empty keeps it.",
        ),
        "p   a  ": Param("  a  ", type="string"),
        "p xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": Param(
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            type="string",
        ),
        "p éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé": Param(
            "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
            type="string",
        ),
        "p clean_up_handoff": Param("clean_up_handoff", type="string"),
        "p upstream_join_id": Param("upstream_join_id", type="string"),
        "p https://a.b": Param("https://a.b", type="string", section="p https://a"),
        "p www.a.b": Param("www.a.b", type="string", section="p www.a"),
        "p a@b.c": Param("a@b.c", type="string", section="p a@b"),
        "p f([a;b]) -> [c]": Param("f([a;b]) -> [c]", type="string"),
        "p <lambda>__4f": Param("<lambda>__4f", type="string"),
    },
    default_args={
        "owner": 'O\'Brien & "Co"',
        "retries": 1,
        "retry_delay": duration("30s"),
        "env_vars": {
            "TEXT": '\'""""\'\'\'\\\\na\nba\r\nba\tb&O\'Brien & "Co"{{ ds }}{%{#${a}`id`#%s<script><br/>]]>|a|bend- a1. a---*a*__a__importtask_---helpNonekedroDOCDAGKedroOperatorprint',
        },
    },
    tags=[
        "kedro",
        "kedro-aloft",
        "'",
        '"',
        '"""',
        "'''",
        "\\",
        "\\n",
        "a\nb",
        "a\r\nb",
        "a\tb",
        "&",
        'O\'Brien & "Co"',
        "{{ ds }}",
        "{%",
        "{#",
        "${a}",
        "`id`",
        "#",
        "%s",
        "<script>",
        "<br/>",
        "]]>",
        "|",
        "a|b",
        "end",
        "- a",
        "1. a",
        "---",
        "*a*",
        "__a__",
        "import",
        "task",
        "_",
        "-",
        "--help",
        "None",
        "DOC",
        "DAG",
        "KedroOperator",
        "print",
        "1_load",
        "match",
        "a.sql",
        "a.json",
        "a.md",
        ".sql",
        "a.b",
        "a..b",
        ".",
        "..",
        "/",
        "a/b",
        "C:\\new\\table",
        "partial(f)__1",
        "é",
        "ß",
        "数据",
        "😀",
        "\u202e",
        "\x00",
        "\ufeff",
        "  a  ",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
        "clean_up_handoff",
        "upstream_join_id",
        "https://a.b",
        "www.a.b",
        "a@b.c",
        "f([a;b]) -> [c]",
        "<lambda>__4f",
    ],
    doc_md=DOC,
):
    make = KedroOperator(
        task_id="make",
        kedro=kedro,
        nodes=["make"],
        gives=['in "', 'in """', "in '", "in '''", "in \\", "in \\n"],
        doc_md=(
            "Kedro node `make`: function `make`.\n"
            "\n"
            "Writes `in \"`, `in \"\"\"`, `in '`, `in '''`, `in \\`, `in \\n`.\n"
        ),
    )

    x_265fda17 = KedroOperator(
        task_id="x-265fda17",
        kedro=kedro,
        nodes=["'"],
        takes=["in '"],
        outlets=[Asset(name="shop/out '", uri="kedro://shop/out%20%27")],
        doc_md="Kedro node `'`: function `'`.\n\nReads `in '`. Writes `out '`.\n",
    )

    x_8a331fdd = KedroOperator(
        task_id="x-8a331fdd",
        kedro=kedro,
        nodes=['"'],
        takes=['in "'],
        outlets=[Asset(name='shop/out "', uri="kedro://shop/out%20%22")],
        doc_md='Kedro node `"`: function `"`.\n\nReads `in "`. Writes `out "`.\n',
    )

    x_b6d267ef = KedroOperator(
        task_id="x-b6d267ef",
        kedro=kedro,
        nodes=['"""'],
        takes=['in """'],
        outlets=[Asset(name='shop/out """', uri="kedro://shop/out%20%22%22%22")],
        doc_md='Kedro node `"""`: function `"""`.\n\nReads `in """`. Writes `out """`.\n',
    )

    x_be24f5ee = KedroOperator(
        task_id="x-be24f5ee",
        kedro=kedro,
        nodes=["'''"],
        takes=["in '''"],
        outlets=[Asset(name="shop/out '''", uri="kedro://shop/out%20%27%27%27")],
        doc_md="Kedro node `'''`: function `'''`.\n\nReads `in '''`. Writes `out '''`.\n",
    )

    x_a9253dc8 = KedroOperator(
        task_id="x-a9253dc8",
        kedro=kedro,
        nodes=["\\"],
        takes=["in \\"],
        outlets=[Asset(name="shop/out \\", uri="kedro://shop/out%20%5C")],
        doc_md="Kedro node `\\`: function `\\`.\n\nReads `in \\`. Writes `out \\`.\n",
    )

    n_a80e516b = KedroOperator(
        task_id="n-a80e516b",
        kedro=kedro,
        nodes=["\\n"],
        takes=["in \\n"],
        outlets=[Asset(name="shop/out \\n", uri="kedro://shop/out%20%5Cn")],
        doc_md="Kedro node `\\n`: function `\\n`.\n\nReads `in \\n`. Writes `out \\n`.\n",
    )

    a_b_7e18f737 = KedroOperator(
        task_id="a_b-7e18f737",
        kedro=kedro,
        nodes=["a\nb"],
        outlets=[Asset(name="shop/out%20a%0Ab", uri="kedro://shop/out%20a%0Ab")],
        doc_md="Kedro node `a\\nb`: function `a\\nb`.\n\nReads `in a\\nb`. Writes `out a\\nb`.\n",
    )

    a_b_18745f36 = KedroOperator(
        task_id="a_b-18745f36",
        kedro=kedro,
        nodes=["a\r\nb"],
        outlets=[Asset(name="shop/out%20a%0D%0Ab", uri="kedro://shop/out%20a%0D%0Ab")],
        doc_md=(
            "Kedro node `a\\r\\nb`: function `a\\r\\nb`.\n"
            "\n"
            "Reads `in a\\r\\nb`. Writes `out a\\r\\nb`.\n"
        ),
    )

    a_b_894891f8 = KedroOperator(
        task_id="a_b-894891f8",
        kedro=kedro,
        nodes=["a\tb"],
        outlets=[Asset(name="shop/out%20a%09b", uri="kedro://shop/out%20a%09b")],
        doc_md="Kedro node `a\\tb`: function `a\\tb`.\n\nReads `in a\\tb`. Writes `out a\\tb`.\n",
    )

    x_951dcee3 = KedroOperator(
        task_id="x-951dcee3",
        kedro=kedro,
        nodes=["&"],
        outlets=[Asset(name="shop/out &", uri="kedro://shop/out%20%26")],
        doc_md="Kedro node `&`: function `&`.\n\nReads `in &`. Writes `out &`.\n",
    )

    O_Brien_Co_453a0814 = KedroOperator(
        task_id="O_Brien_Co-453a0814",
        kedro=kedro,
        nodes=['O\'Brien & "Co"'],
        outlets=[
            Asset(
                name='shop/out O\'Brien & "Co"',
                uri="kedro://shop/out%20O%27Brien%20%26%20%22Co%22",
            ),
        ],
        doc_md=(
            'Kedro node `O\'Brien & "Co"`: function `O\'Brien & "Co"`.\n'
            "\n"
            'Reads `in O\'Brien & "Co"`. Writes `out O\'Brien & "Co"`.\n'
        ),
    )

    ds_69fca42c = KedroOperator(
        task_id="ds-69fca42c",
        kedro=kedro,
        nodes=["{{ ds }}"],
        outlets=[Asset(name="shop/out {{ ds }}", uri="kedro://shop/out%20%7B%7B%20ds%20%7D%7D")],
        doc_md=(
            "Kedro node `{{ ds }}`: function `{{ ds }}`.\n"
            "\n"
            "Reads `in {{ ds }}`. Writes `out {{ ds }}`.\n"
        ),
    )

    x_3d9a65fe = KedroOperator(
        task_id="x-3d9a65fe",
        kedro=kedro,
        nodes=["{%"],
        outlets=[Asset(name="shop/out {%", uri="kedro://shop/out%20%7B%25")],
        doc_md="Kedro node `{%`: function `{%`.\n\nReads `in {%`. Writes `out {%`.\n",
    )

    x_8aa31b6f = KedroOperator(
        task_id="x-8aa31b6f",
        kedro=kedro,
        nodes=["{#"],
        outlets=[Asset(name="shop/out {#", uri="kedro://shop/out%20%7B%23")],
        doc_md="Kedro node `{#`: function `{#`.\n\nReads `in {#`. Writes `out {#`.\n",
    )

    a_75bb1ae7 = KedroOperator(
        task_id="a-75bb1ae7",
        kedro=kedro,
        nodes=["${a}"],
        outlets=[Asset(name="shop/out ${a}", uri="kedro://shop/out%20%24%7Ba%7D")],
        doc_md="Kedro node `${a}`: function `${a}`.\n\nReads `in ${a}`. Writes `out ${a}`.\n",
    )

    id_625b83fe = KedroOperator(
        task_id="id-625b83fe",
        kedro=kedro,
        nodes=["`id`"],
        outlets=[Asset(name="shop/out `id`", uri="kedro://shop/out%20%60id%60")],
        doc_md=(
            "Kedro node `` `id` ``: function `` `id` ``.\n"
            "\n"
            "Reads `` in `id` ``. Writes `` out `id` ``.\n"
        ),
    )

    x_334359b9 = KedroOperator(
        task_id="x-334359b9",
        kedro=kedro,
        nodes=["#"],
        outlets=[Asset(name="shop/out #", uri="kedro://shop/out%20%23")],
        doc_md="Kedro node `#`: function `#`.\n\nReads `in #`. Writes `out #`.\n",
    )

    s_f684c73c = KedroOperator(
        task_id="s-f684c73c",
        kedro=kedro,
        nodes=["%s"],
        outlets=[Asset(name="shop/out %s", uri="kedro://shop/out%20%25s")],
        doc_md="Kedro node `%s`: function `%s`.\n\nReads `in %s`. Writes `out %s`.\n",
    )

    script_5b63e5b2 = KedroOperator(
        task_id="script-5b63e5b2",
        kedro=kedro,
        nodes=["<script>"],
        outlets=[Asset(name="shop/out <script>", uri="kedro://shop/out%20%3Cscript%3E")],
        doc_md=(
            "Kedro node `<script>`: function `<script>`.\n"
            "\n"
            "Reads `in <script>`. Writes `out <script>`.\n"
        ),
    )

    br_dabb19ee = KedroOperator(
        task_id="br-dabb19ee",
        kedro=kedro,
        nodes=["<br/>"],
        outlets=[Asset(name="shop/out <br/>", uri="kedro://shop/out%20%3Cbr%2F%3E")],
        doc_md="Kedro node `<br/>`: function `<br/>`.\n\nReads `in <br/>`. Writes `out <br/>`.\n",
    )

    x_627eb540 = KedroOperator(
        task_id="x-627eb540",
        kedro=kedro,
        nodes=["]]>"],
        outlets=[Asset(name="shop/out ]]>", uri="kedro://shop/out%20%5D%5D%3E")],
        doc_md="Kedro node `]]>`: function `]]>`.\n\nReads `in ]]>`. Writes `out ]]>`.\n",
    )

    x_cbe5cfdf = KedroOperator(
        task_id="x-cbe5cfdf",
        kedro=kedro,
        nodes=["|"],
        outlets=[Asset(name="shop/out |", uri="kedro://shop/out%20%7C")],
        doc_md="Kedro node `|`: function `|`.\n\nReads `in |`. Writes `out |`.\n",
    )

    a_b_0eab8a0a = KedroOperator(
        task_id="a_b-0eab8a0a",
        kedro=kedro,
        nodes=["a|b"],
        outlets=[Asset(name="shop/out a|b", uri="kedro://shop/out%20a%7Cb")],
        doc_md="Kedro node `a|b`: function `a|b`.\n\nReads `in a|b`. Writes `out a|b`.\n",
    )

    end = KedroOperator(
        task_id="end",
        kedro=kedro,
        nodes=["end"],
        outlets=[Asset(name="shop/out end", uri="kedro://shop/out%20end")],
        doc_md="Kedro node `end`: function `end`.\n\nReads `in end`. Writes `out end`.\n",
    )

    a_ae030a32 = KedroOperator(
        task_id="a-ae030a32",
        kedro=kedro,
        nodes=["- a"],
        outlets=[Asset(name="shop/out - a", uri="kedro://shop/out%20-%20a")],
        doc_md="Kedro node `- a`: function `- a`.\n\nReads `in - a`. Writes `out - a`.\n",
    )

    task_1_a_5a7435de = KedroOperator(
        task_id="1._a-5a7435de",
        kedro=kedro,
        nodes=["1. a"],
        outlets=[Asset(name="shop/out 1. a", uri="kedro://shop/out%201.%20a")],
        doc_md="Kedro node `1. a`: function `1. a`.\n\nReads `in 1. a`. Writes `out 1. a`.\n",
    )

    x_cb3f91d5 = KedroOperator(
        task_id="x-cb3f91d5",
        kedro=kedro,
        nodes=["---"],
        outlets=[Asset(name="shop/out ---", uri="kedro://shop/out%20---")],
        doc_md="Kedro node `---`: function `---`.\n\nReads `in ---`. Writes `out ---`.\n",
    )

    a_3f7b1752 = KedroOperator(
        task_id="a-3f7b1752",
        kedro=kedro,
        nodes=["*a*"],
        outlets=[Asset(name="shop/out *a*", uri="kedro://shop/out%20%2Aa%2A")],
        doc_md="Kedro node `*a*`: function `*a*`.\n\nReads `in *a*`. Writes `out *a*`.\n",
    )

    a = KedroOperator(
        task_id="__a__",
        kedro=kedro,
        nodes=["__a__"],
        outlets=[Asset(name="shop/out __a__", uri="kedro://shop/out%20__a__")],
        doc_md="Kedro node `__a__`: function `__a__`.\n\nReads `in __a__`. Writes `out __a__`.\n",
    )

    import_task = KedroOperator(
        task_id="import",
        kedro=kedro,
        nodes=["import"],
        outlets=[Asset(name="shop/out import", uri="kedro://shop/out%20import")],
        doc_md=(
            "Kedro node `import`: function `import`.\n\nReads `in import`. Writes `out import`.\n"
        ),
    )

    task = KedroOperator(
        task_id="task",
        kedro=kedro,
        nodes=["task"],
        outlets=[Asset(name="shop/out task", uri="kedro://shop/out%20task")],
        doc_md="Kedro node `task`: function `task`.\n\nReads `in task`. Writes `out task`.\n",
    )

    task_2 = KedroOperator(
        task_id="_",
        kedro=kedro,
        nodes=["_"],
        outlets=[Asset(name="shop/out _", uri="kedro://shop/out%20_")],
        doc_md="Kedro node `_`: function `_`.\n\nReads `in _`. Writes `out _`.\n",
    )

    x_3973e022 = KedroOperator(
        task_id="x-3973e022",
        kedro=kedro,
        nodes=["-"],
        outlets=[Asset(name="shop/out -", uri="kedro://shop/out%20-")],
        doc_md="Kedro node `-`: function `-`.\n\nReads `in -`. Writes `out -`.\n",
    )

    help_0bdbc8fb = KedroOperator(
        task_id="help-0bdbc8fb",
        kedro=kedro,
        nodes=["--help"],
        outlets=[Asset(name="shop/out --help", uri="kedro://shop/out%20--help")],
        doc_md=(
            "Kedro node `--help`: function `--help`.\n\nReads `in --help`. Writes `out --help`.\n"
        ),
    )

    None_task = KedroOperator(
        task_id="None",
        kedro=kedro,
        nodes=["None"],
        outlets=[Asset(name="shop/out None", uri="kedro://shop/out%20None")],
        doc_md="Kedro node `None`: function `None`.\n\nReads `in None`. Writes `out None`.\n",
    )

    kedro_2 = KedroOperator(
        task_id="kedro",
        kedro=kedro,
        nodes=["kedro"],
        outlets=[Asset(name="shop/out kedro", uri="kedro://shop/out%20kedro")],
        doc_md="Kedro node `kedro`: function `kedro`.\n\nReads `in kedro`. Writes `out kedro`.\n",
    )

    DOC_2 = KedroOperator(
        task_id="DOC",
        kedro=kedro,
        nodes=["DOC"],
        outlets=[Asset(name="shop/out DOC", uri="kedro://shop/out%20DOC")],
        doc_md="Kedro node `DOC`: function `DOC`.\n\nReads `in DOC`. Writes `out DOC`.\n",
    )

    DAG_2 = KedroOperator(
        task_id="DAG",
        kedro=kedro,
        nodes=["DAG"],
        outlets=[Asset(name="shop/out DAG", uri="kedro://shop/out%20DAG")],
        doc_md="Kedro node `DAG`: function `DAG`.\n\nReads `in DAG`. Writes `out DAG`.\n",
    )

    KedroOperator_2 = KedroOperator(
        task_id="KedroOperator",
        kedro=kedro,
        nodes=["KedroOperator"],
        outlets=[Asset(name="shop/out KedroOperator", uri="kedro://shop/out%20KedroOperator")],
        doc_md=(
            "Kedro node `KedroOperator`: function `KedroOperator`.\n"
            "\n"
            "Reads `in KedroOperator`. Writes `out KedroOperator`.\n"
        ),
    )

    print_task = KedroOperator(
        task_id="print",
        kedro=kedro,
        nodes=["print"],
        outlets=[Asset(name="shop/out print", uri="kedro://shop/out%20print")],
        doc_md="Kedro node `print`: function `print`.\n\nReads `in print`. Writes `out print`.\n",
    )

    task_1_load = KedroOperator(
        task_id="1_load",
        kedro=kedro,
        nodes=["1_load"],
        outlets=[Asset(name="shop/out 1_load", uri="kedro://shop/out%201_load")],
        doc_md=(
            "Kedro node `1_load`: function `1_load`.\n\nReads `in 1_load`. Writes `out 1_load`.\n"
        ),
    )

    match_task = KedroOperator(
        task_id="match",
        kedro=kedro,
        nodes=["match"],
        outlets=[Asset(name="shop/out match", uri="kedro://shop/out%20match")],
        doc_md="Kedro node `match`: function `match`.\n\nReads `in match`. Writes `out match`.\n",
    )

    a_sql = KedroOperator(
        task_id="a.sql",
        kedro=kedro,
        nodes=["a.sql"],
        outlets=[Asset(name="shop/out a.sql", uri="kedro://shop/out%20a.sql")],
        doc_md="Kedro node `a.sql`: function `a.sql`.\n\nReads `in a.sql`. Writes `out a.sql`.\n",
    )

    a_json = KedroOperator(
        task_id="a.json",
        kedro=kedro,
        nodes=["a.json"],
        outlets=[Asset(name="shop/out a.json", uri="kedro://shop/out%20a.json")],
        doc_md=(
            "Kedro node `a.json`: function `a.json`.\n\nReads `in a.json`. Writes `out a.json`.\n"
        ),
    )

    a_md = KedroOperator(
        task_id="a.md",
        kedro=kedro,
        nodes=["a.md"],
        outlets=[Asset(name="shop/out a.md", uri="kedro://shop/out%20a.md")],
        doc_md="Kedro node `a.md`: function `a.md`.\n\nReads `in a.md`. Writes `out a.md`.\n",
    )

    sql_614f3a43 = KedroOperator(
        task_id="sql-614f3a43",
        kedro=kedro,
        nodes=[".sql"],
        outlets=[Asset(name="shop/out .sql", uri="kedro://shop/out%20.sql")],
        doc_md="Kedro node `.sql`: function `.sql`.\n\nReads `in .sql`. Writes `out .sql`.\n",
    )

    a_b = KedroOperator(
        task_id="a.b",
        kedro=kedro,
        nodes=["a.b"],
        outlets=[Asset(name="shop/out a.b", uri="kedro://shop/out%20a.b")],
        doc_md="Kedro node `a.b`: function `a.b`.\n\nReads `in a.b`. Writes `out a.b`.\n",
    )

    a_b_2 = KedroOperator(
        task_id="a..b",
        kedro=kedro,
        nodes=["a..b"],
        outlets=[Asset(name="shop/out a..b", uri="kedro://shop/out%20a..b")],
        doc_md="Kedro node `a..b`: function `a..b`.\n\nReads `in a..b`. Writes `out a..b`.\n",
    )

    x_cdb4ee2a = KedroOperator(
        task_id="x-cdb4ee2a",
        kedro=kedro,
        nodes=["."],
        outlets=[Asset(name="shop/out .", uri="kedro://shop/out%20.")],
        doc_md="Kedro node `.`: function `.`.\n\nReads `in .`. Writes `out .`.\n",
    )

    x_5ec1f7e7 = KedroOperator(
        task_id="x-5ec1f7e7",
        kedro=kedro,
        nodes=[".."],
        outlets=[Asset(name="shop/out ..", uri="kedro://shop/out%20..")],
        doc_md="Kedro node `..`: function `..`.\n\nReads `in ..`. Writes `out ..`.\n",
    )

    x_8a5edab2 = KedroOperator(
        task_id="x-8a5edab2",
        kedro=kedro,
        nodes=["/"],
        outlets=[Asset(name="shop/out /", uri="kedro://shop/out%20%2F")],
        doc_md="Kedro node `/`: function `/`.\n\nReads `in /`. Writes `out /`.\n",
    )

    a_b_c14cddc0 = KedroOperator(
        task_id="a_b-c14cddc0",
        kedro=kedro,
        nodes=["a/b"],
        outlets=[Asset(name="shop/out a/b", uri="kedro://shop/out%20a%2Fb")],
        doc_md="Kedro node `a/b`: function `a/b`.\n\nReads `in a/b`. Writes `out a/b`.\n",
    )

    C_new_table_ea488ad7 = KedroOperator(
        task_id="C_new_table-ea488ad7",
        kedro=kedro,
        nodes=["C:\\new\\table"],
        outlets=[
            Asset(name="shop/out C:\\new\\table", uri="kedro://shop/out%20C%3A%5Cnew%5Ctable"),
        ],
        doc_md=(
            "Kedro node `C:\\new\\table`: function `C:\\new\\table`.\n"
            "\n"
            "Reads `in C:\\new\\table`. Writes `out C:\\new\\table`.\n"
        ),
    )

    partial_f_1_e9e3bf96 = KedroOperator(
        task_id="partial_f___1-e9e3bf96",
        kedro=kedro,
        nodes=["partial(f)__1"],
        outlets=[Asset(name="shop/out partial(f)__1", uri="kedro://shop/out%20partial%28f%29__1")],
        doc_md=(
            "Kedro node `partial(f)__1`: function `partial(f)__1`.\n"
            "\n"
            "Reads `in partial(f)__1`. Writes `out partial(f)__1`.\n"
        ),
    )

    e_4a99557e = KedroOperator(
        task_id="e-4a99557e",
        kedro=kedro,
        nodes=["é"],
        outlets=[Asset(name="shop/out%20%C3%A9", uri="kedro://shop/out%20%C3%A9")],
        doc_md="Kedro node `é`: function `é`.\n\nReads `in é`. Writes `out é`.\n",
    )

    x_cd3a7e92 = KedroOperator(
        task_id="x-cd3a7e92",
        kedro=kedro,
        nodes=["ß"],
        outlets=[Asset(name="shop/out%20%C3%9F", uri="kedro://shop/out%20%C3%9F")],
        doc_md="Kedro node `ß`: function `ß`.\n\nReads `in ß`. Writes `out ß`.\n",
    )

    x_5440f742 = KedroOperator(
        task_id="x-5440f742",
        kedro=kedro,
        nodes=["数据"],
        outlets=[
            Asset(
                name="shop/out%20%E6%95%B0%E6%8D%AE",
                uri="kedro://shop/out%20%E6%95%B0%E6%8D%AE",
            ),
        ],
        doc_md="Kedro node `数据`: function `数据`.\n\nReads `in 数据`. Writes `out 数据`.\n",
    )

    x_f0443a34 = KedroOperator(
        task_id="x-f0443a34",
        kedro=kedro,
        nodes=["😀"],
        outlets=[Asset(name="shop/out%20%F0%9F%98%80", uri="kedro://shop/out%20%F0%9F%98%80")],
        doc_md="Kedro node `😀`: function `😀`.\n\nReads `in 😀`. Writes `out 😀`.\n",
    )

    x_3b9e5031 = KedroOperator(
        task_id="x-3b9e5031",
        kedro=kedro,
        nodes=["\u202e"],
        outlets=[Asset(name="shop/out%20%E2%80%AE", uri="kedro://shop/out%20%E2%80%AE")],
        doc_md=(
            "Kedro node `\\u202e`: function `\\u202e`.\n"
            "\n"
            "Reads `in \\u202e`. Writes `out \\u202e`.\n"
        ),
    )

    x_6e340b9c = KedroOperator(
        task_id="x-6e340b9c",
        kedro=kedro,
        nodes=["\x00"],
        outlets=[Asset(name="shop/out%20%00", uri="kedro://shop/out%20%00")],
        doc_md="Kedro node `\\x00`: function `\\x00`.\n\nReads `in \\x00`. Writes `out \\x00`.\n",
    )

    x_f1945cd6 = KedroOperator(
        task_id="x-f1945cd6",
        kedro=kedro,
        nodes=["\ufeff"],
        outlets=[Asset(name="shop/out%20%EF%BB%BF", uri="kedro://shop/out%20%EF%BB%BF")],
        doc_md=(
            "Kedro node `\\ufeff`: function `\\ufeff`.\n"
            "\n"
            "Reads `in \\ufeff`. Writes `out \\ufeff`.\n"
        ),
    )

    x_91a681b9 = KedroOperator(
        task_id="x-91a681b9",
        kedro=kedro,
        nodes=["\ud800"],
        outlets=[Asset(name="shop/out%20%ED%A0%80", uri="kedro://shop/out%20%ED%A0%80")],
        doc_md=(
            "Kedro node `\\ud800`: function `\\ud800`.\n"
            "\n"
            "Reads `in \\ud800`. Writes `out \\ud800`.\n"
        ),
    )

    a_b8d5c072 = KedroOperator(
        task_id="a-b8d5c072",
        kedro=kedro,
        nodes=["  a  "],
        outlets=[Asset(name="shop/out   a  ", uri="kedro://shop/out%20%20%20a%20%20")],
        doc_md=(
            "Kedro node `   a   `: function `   a   `.\n"
            "\n"
            "Reads ` in   a   `. Writes ` out   a   `.\n"
        ),
    )

    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx = KedroOperator(
        task_id="xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-0d4e2ca9",
        kedro=kedro,
        nodes=[
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ],
        outlets=[
            Asset(
                name="shop/out xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                uri="kedro://shop/out%20xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ),
        ],
        doc_md=(
            "Kedro node `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`: function `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`.\n"
            "\n"
            "Reads `in xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`. Writes `out xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`.\n"
        ),
    )

    eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee = KedroOperator(
        task_id="eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee-7250b666",
        kedro=kedro,
        nodes=[
            "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
        ],
        outlets=[
            Asset(
                name="shop/out%20%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%-18bffbdb",
                uri="kedro://shop/out%20%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%-18bffbdb",
            ),
        ],
        doc_md="Kedro node `éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé`: function `éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé`.\n\nReads `in éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé`. Writes `out éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé`.\n",
    )

    clean_up_handoff = KedroOperator(
        task_id="clean_up_handoff",
        kedro=kedro,
        nodes=["clean_up_handoff"],
        outlets=[
            Asset(name="shop/out clean_up_handoff", uri="kedro://shop/out%20clean_up_handoff"),
        ],
        doc_md=(
            "Kedro node `clean_up_handoff`: function `clean_up_handoff`.\n"
            "\n"
            "Reads `in clean_up_handoff`. Writes `out clean_up_handoff`.\n"
        ),
    )

    upstream_join_id = KedroOperator(
        task_id="upstream_join_id",
        kedro=kedro,
        nodes=["upstream_join_id"],
        outlets=[
            Asset(name="shop/out upstream_join_id", uri="kedro://shop/out%20upstream_join_id"),
        ],
        doc_md=(
            "Kedro node `upstream_join_id`: function `upstream_join_id`.\n"
            "\n"
            "Reads `in upstream_join_id`. Writes `out upstream_join_id`.\n"
        ),
    )

    https_a_b_065644ba = KedroOperator(
        task_id="https_a.b-065644ba",
        kedro=kedro,
        nodes=["https://a.b"],
        outlets=[Asset(name="shop/out https://a.b", uri="kedro://shop/out%20https%3A%2F%2Fa.b")],
        doc_md=(
            "Kedro node `https://a.b`: function `https://a.b`.\n"
            "\n"
            "Reads `in https://a.b`. Writes `out https://a.b`.\n"
        ),
    )

    www_a_b = KedroOperator(
        task_id="www.a.b",
        kedro=kedro,
        nodes=["www.a.b"],
        outlets=[Asset(name="shop/out www.a.b", uri="kedro://shop/out%20www.a.b")],
        doc_md=(
            "Kedro node `www.a.b`: function `www.a.b`.\n"
            "\n"
            "Reads `in www.a.b`. Writes `out www.a.b`.\n"
        ),
    )

    a_b_c_d648b243 = KedroOperator(
        task_id="a_b.c-d648b243",
        kedro=kedro,
        nodes=["a@b.c"],
        outlets=[Asset(name="shop/out a", uri="kedro://shop/out%20a")],
        doc_md="Kedro node `a@b.c`: function `a@b.c`.\n\nReads `in a@b.c`. Writes `out a@b.c`.\n",
    )

    f_a_b_c_662eb250 = KedroOperator(
        task_id="f_a_b_-_c-662eb250",
        kedro=kedro,
        nodes=["f([a;b]) -> [c]"],
        outlets=[
            Asset(
                name="shop/out f([a;b]) -> [c]",
                uri="kedro://shop/out%20f%28%5Ba%3Bb%5D%29%20-%3E%20%5Bc%5D",
            ),
        ],
        doc_md=(
            "Kedro node `f([a;b]) -> [c]`: function `f([a;b]) -> [c]`.\n"
            "\n"
            "Reads `in f([a;b]) -> [c]`. Writes `out f([a;b]) -> [c]`.\n"
        ),
    )

    lambda_4f_f999d93c = KedroOperator(
        task_id="lambda___4f-f999d93c",
        kedro=kedro,
        nodes=["<lambda>__4f"],
        outlets=[Asset(name="shop/out <lambda>__4f", uri="kedro://shop/out%20%3Clambda%3E__4f")],
        doc_md=(
            "Kedro node `<lambda>__4f`: function `<lambda>__4f`.\n"
            "\n"
            "Reads `in <lambda>__4f`. Writes `out <lambda>__4f`.\n"
        ),
    )

    clean_up_handoff_2 = KedroCleanup(task_id="clean_up_handoff_2", kedro=kedro)

    make >> [x_265fda17, x_8a331fdd, x_b6d267ef, x_be24f5ee, x_a9253dc8, n_a80e516b]
    [
        make,
        x_265fda17,
        x_8a331fdd,
        x_b6d267ef,
        x_be24f5ee,
        x_a9253dc8,
        n_a80e516b,
        a_b_7e18f737,
        a_b_18745f36,
        a_b_894891f8,
        x_951dcee3,
        O_Brien_Co_453a0814,
        ds_69fca42c,
        x_3d9a65fe,
        x_8aa31b6f,
        a_75bb1ae7,
        id_625b83fe,
        x_334359b9,
        s_f684c73c,
        script_5b63e5b2,
        br_dabb19ee,
        x_627eb540,
        x_cbe5cfdf,
        a_b_0eab8a0a,
        end,
        a_ae030a32,
        task_1_a_5a7435de,
        x_cb3f91d5,
        a_3f7b1752,
        a,
        import_task,
        task,
        task_2,
        x_3973e022,
        help_0bdbc8fb,
        None_task,
        kedro_2,
        DOC_2,
        DAG_2,
        KedroOperator_2,
        print_task,
        task_1_load,
        match_task,
        a_sql,
        a_json,
        a_md,
        sql_614f3a43,
        a_b,
        a_b_2,
        x_cdb4ee2a,
        x_5ec1f7e7,
        x_8a5edab2,
        a_b_c14cddc0,
        C_new_table_ea488ad7,
        partial_f_1_e9e3bf96,
        e_4a99557e,
        x_cd3a7e92,
        x_5440f742,
        x_f0443a34,
        x_3b9e5031,
        x_6e340b9c,
        x_f1945cd6,
        x_91a681b9,
        a_b8d5c072,
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,
        eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee,
        clean_up_handoff,
        upstream_join_id,
        https_a_b_065644ba,
        www_a_b,
        a_b_c_d648b243,
        f_a_b_c_662eb250,
        lambda_4f_f999d93c,
    ] >> clean_up_handoff_2
