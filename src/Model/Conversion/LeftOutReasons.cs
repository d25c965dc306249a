using System.Text.RegularExpressions;

namespace Engine.Model.Conversion;

/// <summary>Says what tensors are that belong to no model's function, by their names.</summary>
internal static partial class LeftOutReasons
{
    /// <summary>Why a tensor that stands for nothing known is left out.</summary>
    public static string For(string name) =>
        Slot().IsMatch(name) ? "optimizer slots"
        : Counter().IsMatch(name) ? "counters of the training"
        : Metric().IsMatch(name) ? "metrics of the training"
        : Constant().IsMatch(name) ? "constants"
        : Tied().IsMatch(name) ? "the decoder, which is the word table"
        : "no part of an encoder, a pooler or a known head";

    [GeneratedRegex(
        @"/(adam_m|adam_v|Adam(_\d+)?|AdamW(_\d+)?|LAMB(_\d+)?|lamb_m|lamb_v|Momentum|Adagrad|RMSProp(_\d+)?|ExponentialMovingAverage|m|v)$|\.OPTIMIZER_SLOT|(^|/)optimizer\d*/|_optimizer/",
        RegexOptions.CultureInvariant)]
    private static partial Regex Slot();

    [GeneratedRegex(
        @"(^|/)(global_step|save_counter|iter|iterations|step|epoch|beta_?[12](_power)?(_\d+)?|decay|learning_rate|loss_scale|current_loss_scale|good_steps)(/\.ATTRIBUTES/VARIABLE_VALUE)?$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Counter();

    [GeneratedRegex(@"(^|/)(keras_api/)?metrics/|(^|/)(total|count)(_\d+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Metric();

    [GeneratedRegex(@"(^|\.)position_ids$|(^|\.)token_type_ids$", RegexOptions.CultureInvariant)]
    private static partial Regex Constant();

    [GeneratedRegex(@"(^|\.)cls\.predictions\.decoder\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex Tied();
}
