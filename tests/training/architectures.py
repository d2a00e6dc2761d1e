"""Tiny models of many architectures, with random weights that say something different to each prompt."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.training.tiny import make_tiny_student

ROWS = 272
"""More than the tokenizer has tokens, as in many models."""
_BODY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
_IDS = {"vocab_size": ROWS, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
_OLD = {"n_embd": 32, "n_layer": 2, "n_head": 4, **_IDS}
_MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_n_groups": 1}
_LINEAR = {"linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8}

CONFIGS: dict[str, Callable[[Any], Any]] = {
    "Gemma 2, with windows": lambda t: t.Gemma2Config(
        **_BODY, **_IDS, num_key_value_heads=2, head_dim=8, sliding_window=12, query_pre_attn_scalar=8
    ),
    "Cohere 2, with windows": lambda t: t.Cohere2Config(**_BODY, **_IDS, num_key_value_heads=2, sliding_window=12),
    "GPT-Neo, with windows": lambda t: t.GPTNeoConfig(
        hidden_size=32, num_layers=2, num_heads=4, attention_types=[[["global", "local"], 1]], window_size=12, **_IDS
    ),
    "Llama 4, in chunks": lambda t: t.Llama4TextConfig(
        **_BODY, **_IDS, num_key_value_heads=2, head_dim=8, attention_chunk_size=16, num_local_experts=2
    ),
    "Phi-3 with LongRoPE": lambda t: t.Phi3Config(
        **_BODY, **_IDS, num_key_value_heads=4, original_max_position_embeddings=50,
        rope_parameters={
            "rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1.0] * 4, "long_factor": [6.0] * 4,
            "original_max_position_embeddings": 50,
        },
    ),
    "GPT-2, learned positions": lambda t: t.GPT2Config(n_positions=96, **_OLD),
    "OPT, learned positions": lambda t: t.OPTConfig(
        **{**_IDS, "pad_token_id": 1}, hidden_size=32, word_embed_proj_dim=32, num_hidden_layers=2,
        num_attention_heads=4, ffn_dim=64,
    ),
    "BLOOM, no positions": lambda t: t.BloomConfig(hidden_size=32, n_layer=2, n_head=4, **_IDS),
    "MPT, no positions": lambda t: t.MptConfig(d_model=32, n_layers=2, n_heads=4, max_seq_len=512, **_IDS),
    "Falcon with ALiBi": lambda t: t.FalconConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, alibi=True, **_IDS
    ),
    "CTRL": lambda t: t.CTRLConfig(dff=64, **_OLD),
    "GPT, without a cache": lambda t: t.OpenAIGPTConfig(**_OLD),
    "Mixtral": lambda t: t.MixtralConfig(**_BODY, **_IDS, num_key_value_heads=2, num_local_experts=4),
    "Bamba": lambda t: t.BambaConfig(**_BODY, **_IDS, num_key_value_heads=2, attn_layer_indices=[1], **_MAMBA),
    "Qwen3-Next": lambda t: t.Qwen3NextConfig(
        **_BODY, **_IDS, **_LINEAR, num_key_value_heads=2, head_dim=8, num_experts=2, num_experts_per_tok=1,
        layer_types=["linear_attention", "full_attention"], moe_intermediate_size=16,
        shared_expert_intermediate_size=16,
    ),
    "Falcon-Mamba": lambda t: t.FalconMambaConfig(hidden_size=32, num_hidden_layers=2, state_size=4, **_IDS),
    "RecurrentGemma": lambda t: t.RecurrentGemmaConfig(
        hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=64, lru_width=32,
        attention_window_size=12, **_IDS,
    ),
    "RWKV": lambda t: t.RwkvConfig(
        hidden_size=32, attention_hidden_size=32, num_hidden_layers=2, context_length=512, **_IDS
    ),
    "XLNet": lambda t: t.XLNetConfig(d_model=32, n_layer=2, n_head=4, d_inner=64, **_IDS),
    "RoBERTa, an encoder": lambda t: t.RobertaConfig(**_BODY, **_IDS),
    "Gemma 3 that also sees": lambda t: t.Gemma3Config(
        text_config={**_BODY, **_IDS, "num_key_value_heads": 2, "head_dim": 8, "sliding_window": 12},
        vision_config={**_BODY, "image_size": 28, "patch_size": 14},
        mm_tokens_per_image=4,
    ),
}  # fmt: skip


def make_student_of(kind: str, folder: Path) -> Path:
    """Save a student of that architecture, with the tokenizer and the template of the tiny student."""
    import torch
    import transformers

    make_tiny_student(folder)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for seed in range(20):
            torch.manual_seed(seed)
            config = CONFIGS[kind](transformers)
            # A fresh model with one matrix for both repeats the token that it reads.
            config.tie_word_embeddings = config.get_text_config().tie_word_embeddings = False
            model = transformers.AutoModelForCausalLM.from_config(config).float().eval()
            for weight in model.parameters():
                if weight.dim() > 1:
                    weight.mul_(4.0)  # fresh weights make all logits alike
            said = model(torch.arange(40, 100)[None]).logits[0].argmax(-1)
            if len(set(said.tolist())) > 6 and 2 not in said:
                break
    model.save_pretrained(folder)
    return folder
