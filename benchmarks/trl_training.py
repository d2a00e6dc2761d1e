"""The same lessons, LoRA and student in the hands of TRL's SFTTrainer, with the loss on the solutions alone."""

from pathlib import Path
from typing import Any

from ioa.memory.records import Example
from ioa.training import Student, TrainingSettings


def make_trainer(
    student: Student,
    examples: list[Example],
    settings: TrainingSettings,
    folder: Path,
    seed: int,
    callbacks: list[Any] | None = None,
) -> Any:
    """An SFTTrainer that is ready to train; everything not given here is TRL's default, a rate that falls linearly too.

    Args:
        student: Whose model is trained; it carries TRL's LoRA afterwards.
        examples: What is taught.
        settings: Of these epochs, batch size, learning rate, warm-up, longest example and LoRA are used.
        folder: Where TRL writes.
        seed: Of its order and its LoRA.
        callbacks: Told of each step.
    """
    import torch
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    rows = [{"prompt": student.format.render(one.problem), "completion": one.solution} for one in examples]
    return SFTTrainer(
        model=student.model,
        processing_class=student.tokenizer,
        train_dataset=Dataset.from_list(rows),
        peft_config=settings.lora.build(),
        callbacks=callbacks,
        args=SFTConfig(
            output_dir=str(folder),
            num_train_epochs=settings.epochs,
            per_device_train_batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            warmup_steps=settings.warmup,
            max_length=settings.max_length,
            completion_only_loss=True,
            gradient_checkpointing=False,
            bf16=student.model.dtype == torch.bfloat16,
            use_cpu=student.model.device.type == "cpu",
            save_strategy="no",
            report_to="none",
            logging_strategy="steps",
            logging_steps=1,
            disable_tqdm=True,
            seed=seed,
        ),
    )
