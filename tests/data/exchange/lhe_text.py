"""Les Houches files as other programs write them: g g → H g, the Higgs boson undecayed."""

import gzip

import numpy as np

HEAD = """<LesHouchesEvents version="3.0">
<!--
a run card with -- dashes, as POWHEG writes it
-->
<header>
<MG5ProcCard><![CDATA[generate p p > h j & nothing < else]]></MG5ProcCard>
<initrwgt>
<weightgroup name="scales" combine="envelope">
<weight id="1001"> MUR=2.0 MUF=1.0 </weight>
<weight id="muR=0.5/muF=1"> half </weight>
</weightgroup>
</initrwgt>
</header>
<init>
2212 2212 {beam} {beam} 0 0 247000 247000 -4 1
2.5 0.25 1.0 17
</init>
"""
MASS = 125.0


def event_text(number, pt=None, mass=MASS):
    """One event whose numbers follow from its own."""
    rng = np.random.default_rng([7, number])
    pt = rng.uniform(450, 600) if pt is None else pt
    phi, y_higgs, y_gluon = rng.uniform(-3, 3), *rng.uniform(-1, 1, 2)
    transverse_mass = np.hypot(mass, pt)
    higgs = np.array(
        [
            pt * np.cos(phi),
            pt * np.sin(phi),
            transverse_mass * np.sinh(y_higgs),
            transverse_mass * np.cosh(y_higgs),
        ]
    )
    gluon = np.array([-higgs[0], -higgs[1], pt * np.sinh(y_gluon), pt * np.cosh(y_gluon)])
    total = higgs + gluon
    plus, minus = (total[3] + total[2]) / 2, (total[3] - total[2]) / 2
    lines = [
        f" 4 17 {weight_of(number):.10e} {pt:.10e} 7.8e-03 1.0e-01",
        f" 21 -1 0 0 501 502 0 0 {plus:.12e} {plus:.12e} 0 0 9",
        f" 21 -1 0 0 502 503 0 0 {-minus:.12e} {minus:.12e} 0 0 9",
        " 25 1 1 2 0 0 " + " ".join(f"{p:.12e}" for p in higgs) + f" {mass} 0 9",
        " 21 1 1 2 501 503 " + " ".join(f"{p:.12e}" for p in gluon) + " 0 0 9",
        "<rwgt>",
        f"<wgt id='1001'> {1.1 * weight_of(number):.10e} </wgt>",
        f"<wgt id='muR=0.5/muF=1'> {-0.9 * weight_of(number):.10e} </wgt>",
        "</rwgt>",
    ]
    return "\n".join(["<event>", *lines, "</event>"]) + "\n"


def weight_of(number):
    return 2.5 if number % 5 else -1.25


def lhe_text(numbers, beam=6500.0):
    events = "".join(map(event_text, numbers))
    return HEAD.format(beam=beam) + events + "</LesHouchesEvents>\n"


def write_lhe(path, numbers, **options):
    text = lhe_text(numbers, **options)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return str(path)
