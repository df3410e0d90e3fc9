"""Programs sampled from a policy model: independently, or forked at the tokens that the policy was least sure of.

command ─▶ sample ─▶ scheme (what to sample) ─▶ policy: local (transformers) or server (OpenAI-compatible)
"""
