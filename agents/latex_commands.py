r"""Names of LaTeX commands that begin with the letter of an escape: `\frac` and `\times`, `\b`eta and `\n`u.

From LaTeX, amsmath, amssymb, mathtools, stmaryrd, physics, siunitx and what KaTeX and MathJax add, without names that
are nothing but English behind their first letter (`\next`, `\name`, `\nor`), which no text could be told from.
"""

_A = """
aa above abovewithdelims abs absolutevalue acosh acute add adjustlimits ae alef alefsym aleph align allowbreak
allowdisplaybreaks alpha amalg and ang angl angle angln approx approxcolon approxcoloncolon approxeq aqty arccos
arccosh arccot arccsc arcctg arcsec arcsin arcsinh arctan arctanh arctg arg argmax argmin array arraystretch arrowvert
ast asymp atop atopwithdelims author
"""
_B = """
backepsilon backmatter backprime backsim backsimeq backslash bar barwedge bbar Bbbk bbox bcancel because begin
begingroup beta beth between bf bfseries bibitem bibliography bibliographystyle big bigbox bigcap bigcirc bigcup
bigcupdot bigcurlyvee bigcurlywedge bigg biggl biggm biggr bigl bigm bigodot bigominus bigoplus bigoslash bigotimes
bigplus bigr bigskip bigskipamount bigsqcap bigsqcup bigstar bigtimes bigtriangledown bigtriangleup biguplus bigvee
bigwedge binom binoppenalty blacklozenge blacksquare blacktriangle blacktriangledown blacktriangleleft
blacktriangleright bm bmod bmqty bold boldmath boldsymbol bordermatrix bot bottomrule bowtie box boxdot boxed boxempty
boxminus boxplus boxslash boxtimes bqty bra brace braces bracevert brack bracket braket breve buildrel bull bullet
bumpeq bumpeqq bunderline becquerel bel bit byte
"""
_F = """
fallingdotseq fbox fboxrule fboxsep fcmp fcolorbox fdv fi filbreak fill fint flalign flat floor flushbottom fnsymbol
fontencoding fontfamily fontseries fontshape fontsize footnote footnotemark footnotesize footnotetext footskip forall
farad femto foreach fpeval frac fracwithdelims frak frakfamily frame framebox frenchspacing frown functionalderivative
futurelet
"""
_N = """
nabla nano natnums natural nauticalmile neper newton nBumpeq nbumpeq ncong ne neArrow nearrow neg negmedspace
negthickspace negthinspace neq nequiv neswarrow newcommand newcommandx newcounter newenvironment newenvironmentx newfont
newlength newline newpage newtheorem nexists ngeq ngeqq ngeqslant ngg ngtr ngtrsim nhpar ni nicefrac nisd nLeftarrow
nleftarrow nLeftrightarrow nleftrightarrow nleq nleqq nleqslant nless nlesssim nlhd nll nmid nobreak nobreakdash
nobreakspace nocite nocorr noexpand noindent nolimits nolinebreak nonfrenchspacing nonumber nopagebreak norm normalcolor
normalfont normalmarginpar normalsize not notag noteq notin notni nparallel nprec npreccurlyeq npreceq nrhd nRightarrow
nrightarrow nshortmid nshortparallel nsim nsimeq nsqsubset nsqsubseteq nsqsupset nsqsupseteq nsubset nsubseteq
nsubseteqq nsucc nsucccurlyeq nsucceq nsupset nsupseteq nsupseteqq nthroot ntriangleleft ntrianglelefteq
ntrianglelefteqslant ntriangleright ntrianglerighteq ntrianglerighteqslant nu null num numberwithin numlist numproduct
numrange nVDash nVdash nvDash nvdash nwArrow nwarrow nwsearrow
"""
_R = """
radian raggedbottom raggedleft raggedright raise raisebox raisetag rang rangle rank rArr rarr ratio rbag rBrace rbrace
rBrack rbrack rceil rcurvearrowse rcurvearrowsw rdelim Re real realpart reals ref reflectbox refname refstepcounter
relax relbar renewcommand renewenvironment require res resizebox restriction reversemarginpar rfloor rgroup rhd rho
right rightarrow rightarrowtail rightarrowtriangle rightbarharpoon rightharpoondown rightharpoonup righthyphenmin
rightleftarrows rightleftharpoons rightline rightmargin rightrightarrows rightsquigarrow rightthreetimes risingdotseq
rlap rm rmfamily rmoustache roman root rotatebox rowcolor rowcolors rparen rq rrangle rrbracket rrparenthesis rsolbar
rtimes rule rVert rvert
"""
_T = """
tabcolsep tablename tableofcontents tabularnewline tag tan tanh tau tbinom tcblower tensor tera tesla texorpdfstring
text textasciiacute textasciibreve textasciicaron textasciicircum textasciidieresis textasciigrave textasciimacron
textasciitilde textasteriskcentered textbackslash textbar textbardbl textbf textbigcircle textblock textbraceleft
textbraceright textbrokenbar textbullet textcelsius textcent textcircled textcolor textcompwordmark textcopyright
textcurrency textdagger textdaggerdbl textdegree textdiv textdollar textdoublepipe textellipsis textemdash textendash
texteuro textexclamdown textfloatsep textfrac textgreater textgreek textheight textit textless textlnot textmd textmu
textmultiply textnormal textohm textonehalf textonequarter textonesuperior textordfeminine textordmasculine
textparagraph textperiodcentered textpertenthousand textperthousand textpm textquestiondown textquotedbl
textquotedblleft textquotedblright textquoteleft textquoteright textquotesingle textregistered textrm textsb textsc
textsection textservicemark textsf textsl textsterling textstyle textsubscript textsuperscript textsurd
textthreequarters textthreesuperior texttildelow texttimes texttip texttrademark texttt texttwosuperior textunderscore
textup textvisiblespace textwidth textyen tfrac tg tgh thanks thefootnote thepage therefore thesection theta thetasym
thickapprox thicklines thickmuskip thicksim thickspace thinlines thinmuskip thinspace thispagestyle tikz tikzset
tikzstyle tilde times tiny title titlepage to today toggle tonne top topcaption tothe topfraction topmargin toprule
topsep tr transparent transpose triangle triangledown triangleleft trianglelefteq trianglelefteqslant triangleq
triangleright trianglerighteq trianglerighteqslant trivlist tt ttfamily twocolumn twoheadleftarrow twoheadrightarrow
typeout
"""
_U = """
uArr uarr ulcorner ulem uline underaccent underbar underbrace underbracket underdot undergroup underleftarrow
underleftrightarrow underline underlinesegment underparen underrightarrow underscore underset undertilde unexpanded
unicode unit unitfrac units unlhd unrhd up uparrow updelta updownarrow updownarrows updownharpoons upepsilon upgamma
upharpoonleft upharpoonright uplambda uplus upmu upomega uppercase upphi uppi upright uproot upshape upsigma upsilon
uptheta upuparrows upvarphi urcorner url urlstyle usebox usecounter usefont usepackage usetikzlibrary utilde uuline
uwave
"""
_V = """
varcoppa varDelta varepsilon varGamma varinjlim varkappa varLambda varliminf varlimsup varnothing varOmega varPhi
varphi varPi varpi varprojlim varpropto varPsi varrho varSigma varsigma varstigma varsubsetneq varsubsetneqq
varsupsetneq varsupsetneqq varTheta vartheta vartriangle vartriangleleft vartriangleright varUpsilon varXi vb vbox
vcentcolon vcenter Vdash vDash vdash vdots vec vectorarrow vee veebar verb Vert vert vfil vfill vline vmqty vphantom
vqty vrule vskip vspace vu
"""

COMMANDS = frozenset(f"{_A} {_B} {_F} {_N} {_R} {_T} {_U} {_V}".split())

_N_WORDS = """
ncong ne neg neq nequiv nexists ngeq ngg ngtr ni nleq nless nll nmid nparallel nprec nsim nsubset nsupset nsucc nu
"""

WORD_LIKE = {
    **dict.fromkeys(_N_WORDS.split()),
    **dict.fromkeys(["to", "top", "tr", "tt", "tg", "tgh"]),
    "nano": r"\\(?![nrtu\"])",
    "tera": r"\\(?![nrtu\"])",
    "tothe": r"\{",
    "ne": r"\s*\\(?![bfnrtu\"])",
    "neg": r"\s*[(\\]",
    "norm": r"\s*\{",
    "num": r"\s*\{",
    "tag": r"\*?\{",
    "tan": r"\s*(?:\^|\{|\\|\()",
    "tbinom": r"\s*[{\d]",
    "text": r"\s*\{",
    "tfrac": r"\s*[{\d\\]",
}
r"""Those whose rest is a word or a name in a program: `\nu` may be a line break and `u`, `\top` a tab and `op`. With it
what follows them in LaTeX alone, where there is such a thing."""

GLUED = ("times", "theta")
r"""Those that no word begins with, so that `\timesx` is LaTeX badly written and not a tab."""
