import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from ioa.memory.spoken_text import split_thought
from ioa.training.reply_decoding import decode_reply

SPECIAL = [
    *("<|bos|>", "</s>", "<pad>", "<|im_start|>", "<|im_end|>", "[THINK]", "[/THINK]", "<|tool|>", "<|end|>"),
    "<|eot_id|>",
]
HARMONY = ["<|channel|>", "<|message|>", "<|start|>", "<|return|>"]
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|><|end|>{% endfor %}<|return|>"
"""Mentions its marks, as templates do."""


@pytest.fixture(scope="module")
def plain():
    return make(SPECIAL)


def make(special, *, plain=("<think>", "</think>")):
    vocabulary = {sign: number for number, sign in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in special])
    backend.add_tokens([AddedToken(mark, special=False, normalized=False) for mark in plain])
    made = PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<|bos|>", eos_token="</s>", pad_token="<pad>")
    made.chat_template = TEMPLATE
    return made


def ids(tokenizer, *pieces):
    """Of pieces: a special token as its id, anything else as text that is no token, whatever it looks like."""
    found = []
    for piece in pieces:
        token = tokenizer.convert_tokens_to_ids(piece) if piece in SPECIAL + HARMONY else None
        signs = [tokenizer.convert_tokens_to_ids(sign) for sign in bytes_of(piece)]
        found += signs if token is None else [token]
    return found


def bytes_of(text):
    (piece, _), *_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
    return piece


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["<|bos|>", "18"], "18"),
        (["18", "</s>", "more"], "18"),
        (["18", "<pad>"], "18"),
        (["18", "<|im_end|>", "user"], "18"),
        (["18", "<|im_start|>", "user\n9?"], "18"),
        (["18", "<|end|>", "user"], "18"),
        (["a", "<|tool|>", "b"], "ab"),
        (["a", "<|eot_id|>", "b"], "ab"),  # of another family's template
        (["[THINK]", "17", "[/THINK]", "18", "</s>"], "[THINK]17[/THINK]18"),
        (["Answer: <s>old<", "/s> new"], "Answer: <s>old</s> new"),
        (["<s>old</", "s>"], "<s>old</s>"),
        (["a <|im_", "end|> b"], "a <|im_end|> b"),
        (["</s>", "x"], ""),
    ],
)  # fmt: skip
def test_a_reply_is_cut_at_tokens_and_not_at_texts(plain, pieces, text):
    assert decode_reply(plain, ids(plain, *pieces)) == text


def test_a_thought_keeps_its_marks_where_they_are_special_tokens(plain):
    said = decode_reply(plain, ids(plain, "[THINK]", "Answer: 17", "[/THINK]", "Answer: 18"))
    assert split_thought(said) == ("Answer: 18", "Answer: 17")


def test_several_messages_of_one_turn_are_read_to_the_last():
    tokenizer = make(SPECIAL + HARMONY)
    pieces = ["<|channel|>", "analysis", "<|message|>", "17?", "<|end|>", "<|start|>", "assistant", "<|channel|>",
              "final", "<|message|>", "18", "<|return|>", "x"]  # fmt: skip
    assert split_thought(decode_reply(tokenizer, ids(tokenizer, *pieces)))[0] == "18"
