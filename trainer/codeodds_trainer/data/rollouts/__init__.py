"""Programs sampled from a policy model: independently, or forked at the tokens that the policy was least sure of.

make_rollouts ─▶ sample ─▶ scheme (what to sample) ─▶ policy: local (transformers) or server (OpenAI-compatible)
"""
