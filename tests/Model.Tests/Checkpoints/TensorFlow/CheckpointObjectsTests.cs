using System.Text.RegularExpressions;
using Engine.Model.Checkpoints.TensorFlow;
using Xunit;

namespace Engine.Model.Tests.Checkpoints.TensorFlow;

public sealed partial class CheckpointObjectsTests
{
    [Theory]
    [InlineData("hub-v2", 41, "serve")]
    [InlineData("hub-v4", 46, "serve")]
    [InlineData("hub-v4-no-mlm", 41, "serve")]
    [InlineData("keras-fine-tuned", 43, "serve")]
    public void Variables_have_the_names_that_both_files_give_them(string folder, int tensorCount, string tag)
    {
        var (bundle, model, objects) = Open(folder);
        using (bundle)
        {
            // All tensors are variables but the graph itself.
            Assert.Equal(tensorCount, bundle.Tensors.Count);
            Assert.Equal(bundle.Tensors.Keys.Where(k => k != TrackableGraph.TensorName).Order(), objects.Variables.Select(v => v.Key).Order());
            foreach (var variable in objects.Variables)
            {
                Assert.NotNull(variable.Saved);
                Assert.Equal(variable.Saved.Name, Uniquifier().Replace(variable.FullName, ""));
                Assert.Equal(bundle.Tensors[variable.Key].Shape.Select(d => (long)d), variable.Saved.Shape);
                Assert.Contains(variable.Paths, path => variable.Key.StartsWith(path + "/.ATTRIBUTES", StringComparison.Ordinal));
            }
        }

        Assert.Equal([tag], model.Inference.Tags);
        Assert.Equal("2.20.0", model.Inference.TensorFlowVersion);
        Assert.Equal(["vocab.txt"], model.Inference.AssetFiles);
        Assert.DoesNotContain(objects.Variables, v => v.IsSlot);
    }

    [Fact]
    public void The_vocabulary_and_the_case_are_found_by_their_places()
    {
        var (bundle, _, objects) = Open("hub-v4");
        using (bundle)
        {
            var vocabulary = Assert.Single(objects.Assets);
            Assert.Equal("vocab.txt", vocabulary.FileName);
            Assert.Contains("vocab_file", vocabulary.Paths.Select(p => p.ToString()));
            var variable = objects.FindVariable("do_lower_case")!;
            var value = new byte[1];
            bundle.Read(variable.Key, value);
            Assert.Equal(1, value[0]);
        }
    }

    [Fact]
    public void A_variable_has_a_way_by_each_of_its_parents()
    {
        var (bundle, _, objects) = Open("hub-v4");
        using (bundle)
        {
            var words = objects.Variables.Single(v => v.FullName == "word_embeddings/embeddings");
            var ways = words.Paths.Select(p => p.ToString()).ToArray();
            Assert.Contains("variables/0", ways);
            Assert.Contains("trainable_variables/0", ways);
            Assert.Contains("mlm/variables/0", ways);
            Assert.Contains("layer_with_weights-0/layer_with_weights-0/embeddings", ways);
            Assert.Equal(ways.Length, ways.Distinct().Count());
        }
    }

    [Fact]
    public void Names_with_dots_and_slashes_are_spelled_as_in_keys()
    {
        var (bundle, _, objects) = Open("keras-fine-tuned");
        using (bundle)
        {
            var words = objects.FindVariable("layer_with_weights-0", "word_embeddings/embeddings:0")!;
            Assert.Equal("layer_with_weights-0/word_embeddings.Sembeddings:0/.ATTRIBUTES/VARIABLE_VALUE", words.Key);
            Assert.Contains(objects.Assets.Single().Paths, path => path.ToString() == "layer_with_weights-0/_func/vocab_file");
            Assert.Equal(["a..b", "c.Sd"], ObjectPath.Root.To("a.b").To("c/d").ToString().Split('/'));
        }
    }

    [Fact]
    public void A_training_run_s_checkpoint_names_its_variables_without_a_saved_model()
    {
        using var bundle = TensorBundle.Open(Fixtures.At("checkpoints", "garden", "bert_model.ckpt-1"));
        var objects = CheckpointObjects.Read(bundle, model: null)!;
        var words = objects.FindVariable("masked_lm", "embedding_table")!;
        Assert.Equal("word_embeddings/embeddings", words.FullName);
        Assert.Same(words, objects.FindVariable("encoder", "layer_with_weights-0", "embeddings"));
        Assert.Null(words.Saved);
        Assert.Empty(objects.Assets);
    }

    [Fact]
    public void A_preprocessing_model_shows_what_it_is()
    {
        var (bundle, _, objects) = Open("preprocess-v3");
        using (bundle)
        {
            Assert.Contains(objects.Objects, o => o.Identifier == "_tf_keras_network" && o.Paths.Any(p => p.ToString() == "tokenize"));
            Assert.All(objects.Variables, v => Assert.Equal("save_counter", v.FullName));
        }
    }

    [Theory]
    [InlineData("tf1", "bert_model.ckpt")]
    [InlineData("hub-tf1", "variables", "variables")]
    public void A_checkpoint_of_TensorFlow_1_knows_no_objects(string folder, params string[] prefix)
    {
        using var bundle = TensorBundle.Open(Fixtures.At(["checkpoints", folder, .. prefix]));
        Assert.Null(CheckpointObjects.Read(bundle, model: null));
        Assert.Contains("bert/embeddings/word_embeddings", bundle.Tensors.Keys);
    }

    [Fact]
    public void A_module_of_TensorFlow_1_is_read()
    {
        HubModule.Check(Fixtures.At("checkpoints", "hub-tf1", "tfhub_module.pb"));
        var model = SavedModel.Read(Fixtures.At("checkpoints", "hub-tf1", "saved_model.pb"));
        Assert.Null(model.Inference.Objects);
        Assert.Equal(["vocab.txt"], model.Inference.AssetFiles);
        Assert.Equal(["tokens"], model.Inference.Signatures);
        Assert.Null(model.Inference.IsLowerCase);
    }

    [Fact]
    public void Keras_describes_its_layers_beside_the_model()
    {
        var model = SavedModel.Read(Fixtures.At("checkpoints", "keras-fine-tuned", "saved_model.pb"));
        var layers = KerasMetadata.Read(Fixtures.At("checkpoints", "keras-fine-tuned", "keras_metadata.pb"));
        Assert.Equal("root", layers[0].Path);
        Assert.Contains("\"activation\": \"sigmoid\"", layers[0].Json, StringComparison.Ordinal);
        Assert.All(layers, layer => Assert.Equal(model.Inference.Objects![layer.Key].Identifier, layer.Value.Identifier));
    }

    private static (TensorBundle Bundle, SavedModel Model, CheckpointObjects Objects) Open(string folder)
    {
        var bundle = TensorBundle.Open(Fixtures.At("checkpoints", folder, "variables", "variables"));
        var model = SavedModel.Read(Fixtures.At("checkpoints", folder, "saved_model.pb"));
        return (bundle, model, CheckpointObjects.Read(bundle, model)!);
    }

    [GeneratedRegex(@"_\d+$")]
    private static partial Regex Uniquifier();
}
