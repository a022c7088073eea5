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
        thumbnails,
        to_html,
        training_curve,
    )
    from .lessons.bounds.plots import bound_bars, bound_curves, bound_panel, scatters
    from .lessons.compression.plots import bytes_and_accuracy, description_lengths, file_panel
    from .lessons.family.plots import d90_of_sizes
    from .lessons.language.plots import (
        lambda_bars,
        method_curves,
        rate_curves,
        step_share_bars,
    )
    from .lessons.memorising.plots import memorised_panel, needed_lines
    from .lessons.mnist.plots import accuracy_curves
    from .lessons.pretraining.plots import d90_along_pretraining
    from .lessons.questions.plots import (
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
    from .lessons.subspaces.plots import (
        angles,
        cost_curves,
        fastfood_blocks,
        fastfood_stage,
        heat_maps,
        length_ratios,
        steering,
        step_sizes,
    )
    from .lessons.toy.plots import (
        curvature_odds,
        descents,
        loss_by_groups,
        meetings,
        performance_by_d,
        sums_and_loss,
    )

__all__ = [
    "COLORS",
    "accuracy_curves",
    "adapter_scores",
    "angles",
    "bars",
    "block_accuracy",
    "bound_bars",
    "bound_curves",
    "bound_panel",
    "bytes_and_accuracy",
    "cost_curves",
    "curvature_odds",
    "d90_against_size",
    "d90_along_pretraining",
    "d90_of_sizes",
    "descents",
    "description_lengths",
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
    "lambda_bars",
    "layer_label",
    "length_ratios",
    "line_panels",
    "loss_by_groups",
    "mark_guess",
    "meeting",
    "meetings",
    "memorised_panel",
    "method_curves",
    "needed_lines",
    "panels",
    "performance_by_d",
    "picture",
    "rate_curves",
    "reward_curves",
    "scatters",
    "size_maps",
    "size_panel",
    "steering",
    "step_share_bars",
    "step_sizes",
    "strip",
    "sums_and_loss",
    "thumbnails",
    "to_html",
    "training_curve",
    "warm_starts",
]
