"""Figures: one look for all, with alternative text, drawn without pyplot."""

from .errors import needing

with needing("course", "idlib.plots"):
    from .lessons.adapters.plots import adapter_scores, first_order_error
    from .lessons.base.plots import (
        COLORS,
        figure,
        layer_label,
        mark_guess,
        panels,
        picture,
        strip,
        to_html,
        training_curve,
    )
    from .lessons.base.score_plots import scores_by_d
    from .lessons.bounds.plots import bound_bars, bound_curves, bound_panel, scatters
    from .lessons.compression.plots import bytes_and_accuracy, description_lengths, file_panel
    from .lessons.family.plots import d90_of_sizes
    from .lessons.inside.plots import cost_curves, fastfood_blocks, fastfood_stage, step_sizes
    from .lessons.language.plots import dumbbells, layer_shares, method_curves, steps_and_rates
    from .lessons.memorising.plots import memorised_panel, needed_lines
    from .lessons.mnist.plots import accuracy_curves, beside_rivals
    from .lessons.pretraining.plots import accuracy_along_pretraining, d90_along_pretraining
    from .lessons.questions.plots import (
        chosen_lines,
        curvature_odds,
        gradient_bound,
        gradient_lines,
        hub_panel,
        line_panels,
        meeting,
        warm_starts,
    )
    from .lessons.reward.plots import generation_curve, reward_curves
    from .lessons.shuffled.plots import bars, block_accuracy, image_rows
    from .lessons.sizes.plots import d90_against_size, size_maps, size_panel
    from .lessons.subspaces.plots import angles, heat_maps, length_ratios
    from .lessons.toy.plots import (
        descents,
        loss_by_groups,
        performance_by_d,
        sums_and_loss,
    )

__all__ = [
    "COLORS",
    "accuracy_along_pretraining",
    "accuracy_curves",
    "adapter_scores",
    "angles",
    "bars",
    "beside_rivals",
    "block_accuracy",
    "bound_bars",
    "bound_curves",
    "bound_panel",
    "bytes_and_accuracy",
    "chosen_lines",
    "cost_curves",
    "curvature_odds",
    "d90_against_size",
    "d90_along_pretraining",
    "d90_of_sizes",
    "descents",
    "description_lengths",
    "dumbbells",
    "fastfood_blocks",
    "fastfood_stage",
    "figure",
    "file_panel",
    "first_order_error",
    "generation_curve",
    "gradient_bound",
    "gradient_lines",
    "heat_maps",
    "hub_panel",
    "image_rows",
    "layer_label",
    "layer_shares",
    "length_ratios",
    "line_panels",
    "loss_by_groups",
    "mark_guess",
    "meeting",
    "memorised_panel",
    "method_curves",
    "needed_lines",
    "panels",
    "performance_by_d",
    "picture",
    "reward_curves",
    "scatters",
    "scores_by_d",
    "size_maps",
    "size_panel",
    "step_sizes",
    "steps_and_rates",
    "strip",
    "sums_and_loss",
    "to_html",
    "training_curve",
    "warm_starts",
]
