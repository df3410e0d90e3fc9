"""``python -m codeodds_trainer.cli``, which launchers of several processes need."""

from codeodds_trainer.cli.main import main

main()
