"""What the plots show, in words."""

LOSS = (
    "Loss of training and validation against the views passed through the network. A dashed line"
    " is what a network that cannot tell jets apart would have in a contrastive loss."
)
SPECTRUM = (
    "Singular values of the validation jets' embeddings, as parts of their sum. A healthy"
    " embedding uses many directions; one that has collapsed uses one, or none."
)
LABELS = (
    "AUC and background rejection on the test split of the view {view} against the number of"
    " labelled jets. Capped bars: standard deviation over independent draws of the labels. Wide"
    " bars: statistical error of the test sample, the same jets for all taggers. Black, grey and"
    " light blue lines: single variables, no network."
)
ROC = (
    "Background rejection against signal efficiency on the test split of the view {view}: one over"
    " the mean background efficiency of independent draws of the labelled jets. The bands are the"
    " range of the draws; the statistical error of the test sample, the same for all curves, is in"
    " metrics.json."
)
ROC_OF_ONE = (
    "Background rejection against signal efficiency on the test split of the view {view}; the"
    " statistical error of the test sample is in metrics.json."
)
SCORES = (
    "Score of test jets in each view, and below its ratio to the view {view}, whose statistical"
    " error is the grey band: the closer to one, the less the tagger depends on how the jets were"
    " simulated."
)
KINDS = (
    "Background that passes the cut which keeps {efficiency:g} of the signal in the view {view}, as"
    " a part of all background in each view, by its label and by what a gluon splits to in the jet:"
    " a shower that splits fewer gluons to heavy quarks has less background, whatever the tagger"
    " does. The mean over the draws of the labels, if there are several; the error is the"
    " statistical one of the sum."
)
CALIBRATION = (
    "Share of signal among test jets of the view {view} against the probability that the tagger"
    " gives them, jets weighted to the mixture of classes that it was trained on. On the diagonal a"
    " probability means what it says. ECE: expected calibration error."
)
MASS = (
    "Soft-drop mass of background jets of the view {view}: all of them (grey), and those that pass"
    " the cut which keeps {efficiency:g} of the signal; heavier jets are counted and not shown."
    " JSD: Jensen-Shannon divergence of those that pass and those that fail; in brackets what as"
    " many jets picked at random would show."
)
EMBEDDING = (
    "The first two principal components of the pretrained embedding, test jets of the task in the"
    " view {view}; labels that are neither its signal nor its background are left out. Each panel"
    " has the jets of one label in colour over all others in grey. The network is as pretraining"
    " left it."
)
