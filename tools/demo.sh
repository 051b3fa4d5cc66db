#!/bin/sh
# Reading at once, then the whole job with no download: pictures -> records -> training -> evaluation -> export.
set -eu
rm -rf demo logs/demo
run() { printf '\n$ %s\n' "$*"; "$@"; }
# The ready-made readers, on words and signs that are drawn first.
run attention-ocr render_words --output_dir=demo/words --output=pictures --image_width=0 --number=8 \
  --validation_number=0 --test_number=0 --difficulty=0.5
run attention-ocr read --backend=onnxruntime demo/words/images
run attention-ocr read --model=words --backend=onnxruntime demo/words/images
run python tools/write_demo_signs.py --output_dir=demo/signs
run attention-ocr read --model=signs --backend=onnxruntime demo/signs/new/*.png
run attention-ocr generate_tfrecords --annotations=demo/signs/labels.tsv --test_annotations=demo/signs/new/labels.tsv \
  --validation_fraction=0 --num_views=4 --side_by_side --image_height=96 --image_width=96 --output_dir=demo/records
run attention-ocr train --dataset_dir=demo/records --train_log_dir=logs/demo --preset=signs --batch_size=16 \
  --learning_rate_schedule=cosine --max_number_of_steps=280 --save_interval_steps=140 --save_summaries_steps=20
run attention-ocr eval --train_log_dir=logs/demo --dataset_dir=demo/records --split_name=test
run attention-ocr export --checkpoint=logs/demo/best.keras --export_dir=demo/export
run attention-ocr demo_inference --checkpoint=demo/export --image_path_pattern=demo/signs/new/new_%02d.png \
  --visualize=demo/attention
cat <<'END'

The readings above are of pictures that training never saw.
  attention pictures   demo/attention/new_00.png ...
  TensorBoard logs     tensorboard --logdir=logs
  the data set         demo/records    the model   logs/demo/best.keras    the export   demo/export/1
END
