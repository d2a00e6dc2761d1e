import pytest
from tests.training.architectures import make_student_of
from tests.training.tiny import make_tiny_student

from ioa.training import Student, StudentSettings
from ioa.training.packed_weights import packed_weights

QUESTIONS = [f"{place}+1=?" for place in range(6)]


@pytest.fixture(scope="module", params=["Llama", "OPT, learned positions"])
def student(request, tmp_path_factory):
    """The second has biases."""
    import torch

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("student")
    make_tiny_student(folder) if request.param == "Llama" else make_student_of(request.param, folder)
    return Student.load(StudentSettings(model=str(folder), dtype="float32", device="cpu", max_new_tokens=16))


def test_packed_weights_say_the_same_and_are_plain_again(student):
    import torch

    off = student.settings.model_copy(update={"packed_weights": False})
    expected = Student(student.model, student.tokenizer, off).write(QUESTIONS)
    layers = [module for module in student.model.modules() if isinstance(module, torch.nn.Linear)]
    few, many = torch.arange(40, 60)[None], torch.arange(40, 60).repeat(9, 1)
    with torch.inference_mode():
        plain = [student.model(ids).logits for ids in (few, many)]
        with packed_weights(student.model) as packed:
            assert packed
            assert all("forward" in vars(layer) for layer in layers)
            for ids, before in zip((few, many), plain, strict=True):
                torch.testing.assert_close(student.model(ids).logits, before, rtol=1e-4, atol=1e-4)
            with packed_weights(student.model) as again:
                assert not again
    assert not any("forward" in vars(layer) for layer in layers)
    assert student.write(QUESTIONS) == student.write(QUESTIONS) == expected


def test_where_torch_cannot_or_errs_nothing_is_packed(student, monkeypatch):
    import torch

    def wrong(given, *_):
        return torch.zeros(*given.shape[:-1], student.model.config.hidden_size)

    def missing(*_):
        raise NotImplementedError

    for broken in (wrong, missing):
        monkeypatch.setattr(torch.ops.mkldnn, "_linear_pointwise", broken)
        with packed_weights(student.model) as packed:
            assert not packed


def test_other_number_formats_are_left_as_they_are(student):
    import copy

    import torch

    with packed_weights(copy.deepcopy(student.model).to(torch.bfloat16)) as packed:
        assert not packed
